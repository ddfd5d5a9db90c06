// SPDX-License-Identifier: GPL-2.0-or-later
// What is said about data that cannot be replaced. Types and lines are tested with the
// debug information that they come from (tests/dwarf).
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;

/// A variable `ops` of 16 bytes, its second word a pointer to `target` if there is one.
elf::Object with_ops(std::uint8_t value, const std::string& target,
                     const std::string& section = ".data.ops") {
  ObjectBuilder builder;
  builder.variable("ops", {value, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  elf::Section& home =
      builder.object().sections[builder.object().find_section(".data.ops")];
  if (section.starts_with(".rodata"))
    home.flags = SHF_ALLOC;
  home.name = section;
  builder.object()
      .symbols[builder.object().section_symbol(builder.object().find_section(section))]
      .name = section;
  builder.function("f", {kRet});
  if (!target.empty())
    builder.add_relocation("ops", 8, R_X86_64_64, builder.symbol(target), 0);
  return builder.build();
}

std::string message(const Result& result) {
  return result.problems.empty() ? "" : result.problems[0].message;
}

TEST(ChangedData, NamesTheMemberThatRefersToSomethingElse) {
  const Result result = Diffing().run(with_ops(1, "old_op"), with_ops(1, "new_op"));
  EXPECT_EQ(message(result), "changed section .rela.data.ops not selected for inclusion: "
                             "ops: +0x8 refers to new_op instead of old_op");
  EXPECT_NE(result.problems[0].remedy.find("set ops from a pre- or post-patch callback"),
            std::string::npos);
}

TEST(ChangedData, NamesTheByteThatDiffers) {
  EXPECT_EQ(message(Diffing().run(with_ops(1, ""), with_ops(2, ""))),
            "changed section .data.ops not selected for inclusion: ops: +0x0 is 0x2 "
            "instead of 0x1 there");
}

TEST(ChangedData, ReadOnlyDataIsNotForCallbacks) {
  const Result result =
      Diffing().run(with_ops(1, "", ".rodata.ops"), with_ops(2, "", ".rodata.ops"));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kChangedSection});
  EXPECT_NE(result.problems[0].remedy.find("change the code that reads ops"),
            std::string::npos);
}

TEST(ChangedData, EntriesWithoutNamesAreToldByWhatTheyReferTo) {
  const auto make = [](const std::string& target) {
    ObjectBuilder builder;
    builder.function("f", {kRet});
    const elf::SectionId table = builder.section(
        {.name = ".pci_fixup_final", .flags = SHF_ALLOC, .data = Bytes(16)});
    builder.relocate(table, {8, R_X86_64_PC32, builder.symbol(target), 0});
    return builder.build();
  };
  const std::string said = message(Diffing().run(make("old_fixup"), make("new_fixup")));
  EXPECT_NE(said.find("it newly refers to new_fixup; it no longer refers to old_fixup"),
            std::string::npos)
      << said;
}

/// .data..ro_after_init with `gone`, if wanted, before `kept`.
elf::Object with_shared_data(bool has_gone, std::uint8_t kept) {
  ObjectBuilder builder;
  Bytes data = has_gone ? Bytes{9, 0, 0, 0, 0, 0, 0, 0} : Bytes{};
  data.push_back(kept);
  const std::uint64_t at = data.size() - 1;
  const elf::SectionId section = builder.section({.name = ".data..ro_after_init",
                                                  .flags = SHF_ALLOC | SHF_WRITE,
                                                  .data = std::move(data)});
  if (has_gone)
    builder.define("gone", STT_OBJECT, section, 8);
  builder.object().symbols[builder.define("kept", STT_OBJECT, section, 1)].value = at;
  builder.function("f", {has_gone ? kRet : std::uint8_t{0x90}, kRet});
  return builder.build();
}

TEST(ChangedData, AVariableThatIsOnlyGoneIsNoObstacle) {
  const Result result =
      Diffing().run(with_shared_data(true, 1), with_shared_data(false, 1));
  EXPECT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result, "NOTICE: gone stays in the running kernel, where nothing new "
                           "uses it"));
}

TEST(ChangedData, AVariableThatChangedBesideOneThatIsGoneIsAnObstacle) {
  EXPECT_EQ(codes(Diffing().run(with_shared_data(true, 1), with_shared_data(false, 2))),
            std::vector<std::string>{code::kChangedSection});
}

} // namespace
} // namespace kpatch::diff
