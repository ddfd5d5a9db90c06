// SPDX-License-Identifier: GPL-2.0-or-later
// Constants under numbered labels, and names that macros number.
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;

/// f loads the constant at `label`; the section has one of 8 bytes for each label.
elf::Object loads(const std::string& label,
                  const std::vector<std::pair<std::string, std::uint8_t>>& constants,
                  std::uint8_t filler = kNop) {
  ObjectBuilder builder;
  Bytes data;
  for (const auto& [name, value] : constants)
    data.insert(data.end(), 8, value);
  const elf::SectionId section = builder.section({.name = ".rodata.cst8",
                                                  .flags = SHF_ALLOC | SHF_MERGE,
                                                  .alignment = 8,
                                                  .entry_size = 8,
                                                  .data = data});
  for (std::size_t i = 0; i < constants.size(); ++i) {
    const elf::SymbolId id =
        builder.define(constants[i].first, STT_NOTYPE, section, 0, STB_LOCAL);
    builder.object().symbols[id].value = 8 * i;
  }
  builder.function("f", {0xf3, 0x0f, 0x7e, 0x05, 0, 0, 0, 0, kRet});
  builder.add_relocation("f", 9, R_X86_64_PC32, builder.symbol(label), -4);
  builder.function("g", {filler, kRet});
  return builder.build();
}

std::vector<std::string> changed(const Result& result) {
  std::vector<std::string> names;
  for (const FunctionChange& function : result.functions)
    names.push_back(function.name);
  return names;
}

TEST(Constants, AnotherLabelOfTheSameConstantIsNoChange) {
  const Result result = Diffing().run(loads(".LC1", {{".LC1", 7}}),
                                      loads(".LC2", {{".LC1", 9}, {".LC2", 7}}, 0xcc));
  EXPECT_EQ(codes(result), std::vector<std::string>{});
  EXPECT_EQ(changed(result), std::vector<std::string>{"g"});
}

TEST(Constants, TheSameLabelOfAnotherConstantIsAChange) {
  const Result result =
      Diffing().run(loads(".LC1", {{".LC1", 7}}), loads(".LC1", {{".LC1", 9}}));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_EQ(changed(result), std::vector<std::string>{"f"});
}

/// A list of type ids as BTF_ID() makes it, and a function that reads it.
elf::Object with_list(const std::string& number, std::uint8_t filler) {
  ObjectBuilder builder;
  const elf::SectionId section = builder.section(
      {.name = ".BTF_ids", .flags = SHF_ALLOC, .alignment = 4, .data = Bytes(4)});
  const elf::SymbolId id = builder.define("__BTF_ID__struct__sk_buff__" + number,
                                          STT_OBJECT, section, 4, STB_LOCAL);
  builder.function("f", {0x8b, 0x04, 0x25, 0, 0, 0, 0, kRet});
  builder.add_relocation("f", 8, R_X86_64_32S, id, 0);
  builder.function("g", {filler, kRet});
  return builder.build();
}

TEST(GeneratedNames, PairUpByWhatPrecedesTheirNumbers) {
  const Result result = Diffing().run(with_list("11", kNop), with_list("127", 0xcc));
  EXPECT_EQ(codes(result), std::vector<std::string>{});
  EXPECT_EQ(changed(result), std::vector<std::string>{"g"});
}

} // namespace
} // namespace kpatch::diff
