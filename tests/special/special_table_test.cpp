// SPDX-License-Identifier: GPL-2.0-or-later
#include "special/special_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace kpatch::special {
namespace {

TEST(SpecialTable, HasARowForEachNameOnce) {
  std::set<std::string_view> names;
  for (const SpecialSection& row : special_sections())
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
}

TEST(SpecialTable, SaysOfEachStructureWhereItsSizeComesFrom) {
  for (const SpecialSection& row : special_sections())
    if (row.entries == Entries::kStruct) {
      EXPECT_FALSE(row.structure.name.empty()) << row.name;
      EXPECT_TRUE(row.structure.variable.ends_with("_STRUCT_SIZE")) << row.name;
    }
}

TEST(WantedStructures, AreThoseOfTheTableAndOfOrcEachOnce) {
  std::set<std::string_view> names;
  for (const Structure& structure : wanted_structures())
    EXPECT_TRUE(names.insert(structure.name).second) << structure.name;
  EXPECT_TRUE(names.contains(kOrcEntry.name));
  for (const SpecialSection& row : special_sections())
    EXPECT_EQ(names.contains(row.structure.name), row.entries == Entries::kStruct)
        << row.name;
}

TEST(SpecialTable, KnowsWhereAlternativesOfEachKnownSizeHaveTheirLength) {
  const arch::Arch& x86_64 = *arch::find_arch("x86_64");
  for (const std::uint32_t size :
       find_special_section(".altinstructions", x86_64)->known_sizes)
    EXPECT_TRUE(replacement_length_at(x86_64, size)) << size;
  // The length of the place is beside that of its replacement, and the same on s390x.
  EXPECT_EQ(place_length_at(x86_64, 14), 12U);
  EXPECT_EQ(replacement_length_at(x86_64, 14), 13U);
  const arch::Arch& s390x = *arch::find_arch("s390x");
  for (const std::uint64_t size : {11, 13}) {
    EXPECT_EQ(place_length_at(s390x, size), size - 1);
    EXPECT_EQ(replacement_length_at(s390x, size), size - 1);
  }
}

TEST(TablesOfCode, AreNoCodeThemselves) {
  const arch::Arch& x86_64 = *arch::find_arch("x86_64");
  EXPECT_TRUE(is_table_of_code("__bug_table", x86_64));
  EXPECT_FALSE(is_table_of_code(".fixup", x86_64));
  EXPECT_FALSE(is_table_of_code(".text", x86_64));
}

} // namespace
} // namespace kpatch::special
