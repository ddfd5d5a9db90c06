// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/anchor.h"
#include "verify/core_view.h"

#include <gtest/gtest.h>

namespace kpatch::verify {
namespace {

constexpr std::uint64_t kAnchorAt = 0xffff800080100000;

image::Image kernel() {
  return {"vmlinux",
          std::endian::little,
          {{.name = ".text", .address = 0xffff800080000000, .size = 0x400000}},
          {{.name = std::string(image::kAnchor), .address = kAnchorAt, .type = STT_FUNC},
           {.name = "twice", .address = kAnchorAt + 0x1000, .type = STT_FUNC},
           {.name = "table", .address = kAnchorAt + 0x2000, .type = STT_OBJECT},
           {.name = "twice", .address = kAnchorAt + 0x3000, .type = STT_FUNC}}};
}

elf::Object module_with(const std::vector<elf::Relocation>& relocations) {
  elf::Object module;
  module.header.machine = EM_AARCH64;
  const elf::SymbolId anchor =
      module.add_symbol({.name = std::string(image::kAnchor), .binding = STB_GLOBAL});
  elf::Section text{.name = ".text.f", .flags = SHF_ALLOC | SHF_EXECINSTR};
  text.data.resize(64);
  text.relocations = relocations;
  for (elf::Relocation& relocation : text.relocations)
    relocation.symbol = anchor;
  module.add_section(std::move(text));
  return module;
}

TEST(CoreView, NamesWhatIsAtTheDistances) {
  const elf::Object seen = as_livepatch(
      module_with({{.offset = 0, .type = R_AARCH64_CALL26, .addend = 0x3000},
                   {.offset = 4, .type = R_AARCH64_ADR_PREL_PG_HI21, .addend = 0x2010}}),
      kernel());
  ASSERT_EQ(seen.livepatch.size(), 1u);
  EXPECT_EQ(seen.livepatch[0].name, ".klp.rela.vmlinux..text.f");
  const std::vector<elf::Relocation>& found = seen.livepatch[0].relocations;
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(seen.symbols[found[0].symbol].name, ".klp.sym.vmlinux.twice,2");
  EXPECT_EQ(found[0].addend, 0);
  EXPECT_EQ(seen.symbols[found[1].symbol].name, ".klp.sym.vmlinux.table,1");
  EXPECT_EQ(found[1].addend, 0x10);
  EXPECT_TRUE(seen.sections[1].relocations.empty());
}

TEST(CoreView, LeavesWhatIsMeantForTheAnchorItself) {
  const elf::Object seen =
      as_livepatch(module_with({{.offset = 0, .type = R_AARCH64_CALL26}}), kernel());
  EXPECT_TRUE(seen.livepatch.empty());
  EXPECT_EQ(seen.sections[1].relocations.size(), 1u);
}

TEST(CoreView, KnowsItsModulesByWhatTheySay) {
  const auto says = [](std::string_view text) {
    elf::Object module;
    module.add_section({.name = ".modinfo", .data = Bytes(text.begin(), text.end())});
    return is_for_core(module);
  };
  EXPECT_TRUE(says(std::string_view("license=GPL\0kpatch=Y\0", 21)));
  EXPECT_TRUE(says(std::string_view("kpatch=Y\0", 9)));
  EXPECT_FALSE(says(std::string_view("license=GPL\0livepatch=Y\0", 24)));
}

} // namespace
} // namespace kpatch::verify
