// SPDX-License-Identifier: GPL-2.0-or-later
// Replacement code is copied before a patched module could complete it.
#include "diff/object_builder.h"
#include "klp/late_replacements.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

using namespace diff::testing;

/// f changes and has an alternative that calls `helper`; g has one that calls `other`.
elf::Object unit(std::uint8_t filler) {
  ObjectBuilder builder;
  builder.plain_function("helper", {0xc3});
  builder.plain_function("other", {0xc3});
  builder.function("f", {filler, 0xc3});
  builder.function("g", {0x90, 0xc3});
  const elf::SectionId code =
      builder.section({.name = ".altinstr_replacement",
                       .flags = SHF_ALLOC | SHF_EXECINSTR,
                       .data = {0xe8, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0}});
  builder.relocate(code, {1, R_X86_64_PLT32, builder.symbol("helper"), -4});
  builder.relocate(code, {6, R_X86_64_PLT32, builder.symbol("other"), -4});
  const elf::SectionId entries = builder.section(
      {.name = ".altinstructions", .flags = SHF_ALLOC, .data = Bytes(24)});
  const elf::SymbolId start = builder.object().section_symbol(code);
  for (std::uint64_t i = 0; i < 2; ++i) {
    builder.object().sections[entries].data[12 * i + 11] = 5; // replacementlen
    builder.relocate(entries, {12 * i, R_X86_64_PC32, builder.symbol(i ? "g" : "f"), 5});
    builder.relocate(
        entries, {12 * i + 4, R_X86_64_PC32, start, static_cast<std::int64_t>(5 * i)});
  }
  return builder.build();
}

std::vector<Problem> problems(const std::string& parent, bool klp_arch = false) {
  Diffing diffing;
  diffing.parent = parent;
  diffing.klp_arch = klp_arch;
  diffing.sizes["alt_instr"] = 12;
  const diff::Result result = diffing.run(unit(0x90), unit(0xcc));
  EXPECT_TRUE(result.delta);
  return result.delta ? late_replacements(*result.delta) : std::vector<Problem>();
}

TEST(LateReplacements, AreRefusedForModules) {
  const std::vector<Problem> found = problems("ip_vs");
  ASSERT_EQ(found.size(), 1U) << "those of other functions do not matter";
  EXPECT_EQ(found[0].code, "KP3003");
  EXPECT_EQ(found[0].symbol, "helper");
}

TEST(LateReplacements, AreInTimeForVmlinuxAndOnOldKernels) {
  EXPECT_TRUE(problems("vmlinux").empty());
  EXPECT_TRUE(problems("ip_vs", true).empty());
}

} // namespace
} // namespace kpatch::klp
