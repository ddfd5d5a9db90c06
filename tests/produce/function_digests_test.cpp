// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/function_digests.h"

#include <gtest/gtest.h>

namespace kpatch::produce {
namespace {

/// A function of four bytes that refers to a symbol of that name.
elf::Object object_with(const std::string& target, std::uint8_t byte) {
  elf::Object object;
  object.add_symbol({.name = target, .binding = STB_GLOBAL});
  const elf::SectionId text = object.add_section({.name = ".text.f",
                                                  .flags = SHF_ALLOC | SHF_EXECINSTR,
                                                  .data = Bytes(8, byte),
                                                  .relocations = {{0, 2, 1, -4}}});
  object.add_symbol({.name = "f", .type = STT_FUNC, .section = text, .size = 4});
  return object;
}

TEST(FunctionDigests, AreOfCodeAndWhatItRefersTo) {
  const std::string digest = function_digests(object_with("g", 1)).at("f");
  EXPECT_EQ(function_digests(object_with("g", 1)).at("f"), digest);
  EXPECT_NE(function_digests(object_with("h", 1)).at("f"), digest);
  EXPECT_NE(function_digests(object_with("g", 2)).at("f"), digest);
  elf::Object beyond = object_with("g", 1);
  beyond.sections[1].data[7] = 9; // padding is no part of it
  EXPECT_EQ(function_digests(beyond).at("f"), digest);
}

TEST(FunctionDigests, AreNotOfNamesThatTwoHave) {
  elf::Object object = object_with("g", 1);
  object.add_symbol({.name = "f", .type = STT_FUNC, .section = 1, .value = 4, .size = 4});
  EXPECT_TRUE(function_digests(object).empty());
}

TEST(FunctionDigests, SurviveAFunctionLargerThanItsSection) {
  elf::Object object = object_with("g", 1);
  object.symbols.back().value = 6;
  object.symbols.back().size = ~std::uint64_t{0};
  EXPECT_EQ(function_digests(object).size(), 1U);
}

} // namespace
} // namespace kpatch::produce
