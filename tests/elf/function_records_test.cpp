// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/function_records.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::elf {
namespace {

/// A module with a function and the names "f", "ip_vs".
class Records : public testing::Test {
 public:
  Records() {
    code_ = module_.add_section({.name = ".text.f", .data = Bytes(16)});
    f_ = module_.add_symbol(
        {.name = "f", .type = STT_FUNC, .section = code_, .value = 4, .size = 8});
    constexpr std::string_view kTexts("f\0ip_vs\0", 8);
    strings_ = module_.section_symbol(module_.add_section(
        {.name = ".rodata", .data = Bytes(kTexts.begin(), kTexts.end())}));
  }

  Object module_;
  SectionId code_ = kNoSection;
  SymbolId f_ = kNoSymbol, strings_ = kNoSymbol;
};

TEST_F(Records, AreReadFromKpatchModules) {
  const SectionId id =
      module_.add_section({.name = ".kpatch.funcs",
                           .data = Bytes(64), // with the zero word of the linker script
                           .relocations = {{0, R_X86_64_64, f_, 0},
                                           {40, R_X86_64_64, strings_, 0},
                                           {48, R_X86_64_64, strings_, 2}}});
  module_.sections[id].data[32] = 3;
  const FunctionRecords found = function_records(module_);
  EXPECT_EQ(found.damage, "");
  ASSERT_EQ(found.records.size(), 1U);
  EXPECT_EQ(found.records[0].name, "f");
  EXPECT_EQ(found.records[0].object, "ip_vs");
  EXPECT_EQ(found.records[0].position, 3U);
  EXPECT_EQ(found.records[0].code, code_);
  EXPECT_EQ(found.records[0].offset, 4U);
}

TEST_F(Records, AreReadFromModulesOfTheKernelsOwnBuilder) {
  const SectionId funcs =
      module_.add_section({.name = ".init.klp_funcs",
                           .data = Bytes(48),
                           .relocations = {{0, R_X86_64_64, strings_, 0},
                                           {8, R_X86_64_64, f_, 0},
                                           {24, R_X86_64_64, strings_, 0},
                                           {32, R_X86_64_64, f_, 0}}});
  module_.sections[funcs].data[40] = 2;
  const SymbolId table = module_.section_symbol(funcs);
  const SectionId objects =
      module_.add_section({.name = ".init.klp_objects",
                           .data = Bytes(128),
                           .relocations = {{8, R_X86_64_64, table, 0},
                                           {64, R_X86_64_64, strings_, 2},
                                           {72, R_X86_64_64, table, 24}}});
  module_.sections[objects].data[56] = 1;
  module_.sections[objects].data[64 + 56] = 1;
  FunctionRecords found = function_records(module_);
  EXPECT_EQ(found.damage, "");
  ASSERT_EQ(found.records.size(), 2U);
  EXPECT_EQ(found.records[0].object, "vmlinux");
  EXPECT_EQ(found.records[1].object, "ip_vs");
  EXPECT_EQ(found.records[1].position, 2U);

  module_.sections[objects].data[64 + 56] = 2; // there is one only
  EXPECT_NE(function_records(module_).damage, "");
}

TEST_F(Records, MayBeDamaged) {
  const SectionId id = module_.add_section(
      {.name = ".kpatch.funcs",
       .data = Bytes(40),
       .relocations = {{48, R_X86_64_64, strings_, ~std::int64_t{0}}}});
  EXPECT_NE(function_records(module_).damage, "");
  module_.sections[id].data.resize(56);
  EXPECT_EQ(function_records(module_).records.at(0).object, "");
}

} // namespace
} // namespace kpatch::elf
