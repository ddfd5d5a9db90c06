// SPDX-License-Identifier: GPL-2.0-or-later
// Jump labels and static calls whose keys belong to modules.
#include "base/endian.h"
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;

/// f: call __fentry__; nopl (a jump label); mov $value, %al; ret; target: ret
void add_f(ObjectBuilder& builder, std::uint8_t value) {
  builder.function("f", {0x0f, 0x1f, 0x44, 0, 0, 0xb0, value, kRet, kRet});
}

/// The entry of that label.
void list_label(ObjectBuilder& builder, elf::SymbolId key, std::int64_t key_addend) {
  const elf::SymbolId f = builder.symbol("f");
  const elf::SectionId table = builder.section(
      {.name = "__jump_table", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(16)});
  builder.relocate(table, {0, R_X86_64_PC32, f, 5});
  builder.relocate(table, {4, R_X86_64_PC32, f, 13});
  builder.relocate(table, {8, R_X86_64_PC64, key, key_addend});
}

struct JumpLabel {
  std::int64_t key_addend = 0;
  bool with_orc = false;

  elf::Object build(std::uint8_t value) const {
    ObjectBuilder builder;
    add_f(builder, value);
    list_label(builder, builder.symbol("feature_key"), key_addend);
    const elf::SymbolId f = builder.symbol("f");
    if (with_orc) {
      builder.section(
          {.name = ".orc_unwind", .flags = SHF_ALLOC, .data = {1, 1, 2, 2, 3, 3}});
      const elf::SectionId places = builder.section(
          {.name = ".orc_unwind_ip", .flags = SHF_ALLOC, .data = Bytes(12)});
      builder.relocate(places, {0, R_X86_64_PC32, f, 0});
      builder.relocate(places, {4, R_X86_64_PC32, f, 5});
      builder.relocate(places, {8, R_X86_64_PC32, f, 12});
    }
    return builder.build();
  }
};

class KeysOfModules : public ::testing::Test {
 protected:
  KeysOfModules() {
    diffing.sizes["jump_entry"] = 16;
    diffing.sizes["static_call_site"] = 8;
    diffing.symvers =
        image::Symvers::parse("0x0\tfeature_key\tdrivers/foo\tEXPORT_SYMBOL\t\n"
                              "0x0\t__SCK__ops\tdrivers/foo\tEXPORT_SYMBOL\t\n"
                              "0x0\tother\tvmlinux\tEXPORT_SYMBOL\t\n",
                              "Module.symvers");
  }

  Result diff(const JumpLabel& unit) { return diffing.run(unit.build(1), unit.build(2)); }

  static const elf::Section& code_of_f(const Result& result) {
    const elf::Object& object = result.delta->object;
    return object.sections[object.find_section(".text.f")];
  }

  Diffing diffing;
};

TEST_F(KeysOfModules, AJumpLabelBecomesATestOfItsKey) {
  const Result result = diff({});
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  const elf::Section& code = code_of_f(result);
  constexpr std::uint64_t kTest = 14; // behind the function
  EXPECT_EQ(code.data[5], 0xe9);
  EXPECT_EQ(load<std::uint32_t>(code.data, 6, std::endian::little), kTest - 10);
  // cmpl $0, key(%rip)
  ASSERT_EQ(code.data.size(), kTest + 18);
  EXPECT_EQ(code.data[kTest], 0x83);
  const elf::Relocation& key = code.relocations[1];
  EXPECT_EQ(object.symbols[key.symbol].name, "feature_key");
  EXPECT_EQ(key.offset, kTest + 2);
  EXPECT_EQ(key.addend, -5);
  // jne target
  EXPECT_EQ(code.data[kTest + 8], 0x85);
  EXPECT_EQ(code.relocations[2].offset, kTest + 9);
  EXPECT_EQ(code.relocations[2].addend, 13 - 4);
  // jmp back
  EXPECT_EQ(code.data[kTest + 13], 0xe9);
  EXPECT_EQ(load<std::uint32_t>(code.data, kTest + 14, std::endian::little),
            static_cast<std::uint32_t>(10 - (kTest + 18)));
  EXPECT_EQ(object.symbols[object.find_symbol("f")].size, code.data.size());
  EXPECT_FALSE(object.find_section("__jump_table"));
}

TEST_F(KeysOfModules, ALikelyBranchJumpsWhenItsKeyIsDisabled) {
  const Result result = diff({.key_addend = 1});
  ASSERT_TRUE(result.delta);
  EXPECT_EQ(code_of_f(result).data[14 + 8], 0x84);
}

TEST_F(KeysOfModules, TheUnwinderKnowsTheTest) {
  diffing.sizes["orc_entry"] = 2;
  const Result result = diff({.with_orc = true});
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  EXPECT_EQ(object.sections[object.find_section(".orc_unwind")].data,
            (Bytes{1, 1, 2, 2, 3, 3, 2, 2}));
  const elf::Section& places = object.sections[object.find_section(".orc_unwind_ip")];
  ASSERT_EQ(places.relocations.size(), 4U);
  EXPECT_EQ(places.relocations[3].offset, 12U);
  EXPECT_EQ(places.relocations[3].addend, 14);
}

TEST_F(KeysOfModules, AJumpLabelIsRefusedWhereTheUnwinderCannotBeTold) {
  EXPECT_EQ(codes(diff({.with_orc = true})), std::vector<std::string>{code::kJumpLabel});
}

TEST_F(KeysOfModules, AStaticCallGoesThroughItsTrampoline) {
  const auto make = [](std::uint8_t value) {
    ObjectBuilder builder;
    builder.function("f", {0xe8, 0, 0, 0, 0, 0xb0, value, kRet});
    builder.add_relocation("f", 6, R_X86_64_PLT32, builder.symbol("__SCT__ops"), -4);
    const elf::SectionId sites = builder.section(
        {.name = ".static_call_sites", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(8)});
    builder.relocate(sites, {0, R_X86_64_PC32, builder.symbol("f"), 5});
    builder.relocate(sites, {4, R_X86_64_PC32, builder.symbol("__SCK__ops"), 0});
    return builder.build();
  };
  const Result result = diffing.run(make(1), make(2));
  ASSERT_TRUE(result.delta);
  EXPECT_FALSE(result.delta->object.find_section(".static_call_sites"));
  EXPECT_TRUE(says(result, "NOTICE: f calls through __SCK__ops by its trampoline: a "
                           "module owns that key"));
}

/// All descriptors of pr_debug() have names of one kind, so the parent may well have
/// others called like those that the patch brings.
TEST(KeysOfThePatch, AreNotTakenForNamesakesInTheParent) {
  const auto make = [](bool is_patched) {
    ObjectBuilder builder;
    add_f(builder, is_patched);
    if (!is_patched)
      return builder.build();
    const elf::SectionId descriptors = builder.section(
        {.name = "__dyndbg", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(56)});
    const elf::SymbolId key =
        builder.define("descriptor.72", STT_OBJECT, descriptors, 56);
    list_label(builder, key, 40);
    return builder.build();
  };
  for (const std::size_t namesakes : {1u, 4u}) {
    Diffing diffing;
    diffing.sizes["jump_entry"] = 16;
    diffing.parent = "foo";
    diffing.more_globals.assign(namesakes, "descriptor.72");
    const Result result = diffing.run(make(false), make(true));
    ASSERT_TRUE(result.delta) << namesakes;
    EXPECT_TRUE(result.delta->object.find_section("__jump_table")) << namesakes;
    EXPECT_TRUE(result.delta->object.find_section("__dyndbg")) << namesakes;
  }
}

TEST(KeysOfThePatch, TravelThoughNoCodeRefersToThem) {
  const auto make = [](bool is_patched) {
    ObjectBuilder builder;
    add_f(builder, is_patched);
    if (!is_patched)
      return builder.build();
    const elf::SymbolId key = builder.variable("fresh_key", Bytes(16));
    list_label(builder, key, 1);
    return builder.build();
  };
  Diffing diffing;
  diffing.sizes["jump_entry"] = 16;
  const Result result = diffing.run(make(false), make(true));
  ASSERT_TRUE(result.delta);
  EXPECT_TRUE(result.delta->object.find_section("__jump_table"));
  EXPECT_TRUE(result.delta->object.find_section(".data.fresh_key"));
}

} // namespace
} // namespace kpatch::diff
