// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/module_name.h"

#include <gtest/gtest.h>

namespace kpatch {
namespace {

TEST(ModuleName, IsOfLettersDigitsDashesAndUnderscores) {
  EXPECT_TRUE(is_module_name("livepatch-a_1"));
  for (const char* name : {"", "a.b", "a/b", "a b", "\xc3\xa4"})
    EXPECT_FALSE(is_module_name(name)) << name;
}

TEST(ModuleName, LeavesRoomForItsEnd) {
  EXPECT_TRUE(is_module_name(std::string(55, 'a')));
  EXPECT_FALSE(is_module_name(std::string(56, 'a')));
}

TEST(ModuleName, GetsDashesForAllElse) {
  EXPECT_EQ(with_dashes("fix: a/b.c\n"), "fix--a-b-c-");
}

} // namespace
} // namespace kpatch
