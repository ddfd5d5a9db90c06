// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.h"

#include <gmock/gmock.h>

namespace kpatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Text, LinesNeedNoEndAtTheLast) {
  EXPECT_THAT(lines_of(""), IsEmpty());
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
  EXPECT_THAT(lines_of("a\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines_of("a\n\nb\n"), ElementsAre("a", "", "b"));
}

TEST(Text, TakingALineLeavesTheRest) {
  std::string_view text = "a b\nc";
  EXPECT_EQ(take_until(text, ' '), "a");
  EXPECT_EQ(take_line(text), "b");
  EXPECT_EQ(take_line(text), "c");
  EXPECT_EQ(take_line(text), "");
  EXPECT_TRUE(text.empty());
}

TEST(Text, SplitLeavesOutWhatIsEmpty) {
  EXPECT_THAT(split("", ','), IsEmpty());
  EXPECT_THAT(split(",,", ','), IsEmpty());
  EXPECT_THAT(split(",a,,b", ','), ElementsAre("a", "b"));
}

TEST(Text, IsTrimmedOnBothSides) {
  EXPECT_EQ(trimmed(" \ta b\r\n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Text, LosesTheDigitsAtItsEnd) {
  EXPECT_EQ(without_last_digits("deb12u1"), "deb12u");
  EXPECT_EQ(without_last_digits("2026"), "");
  EXPECT_EQ(without_last_digits("a.b"), "a.b");
  EXPECT_TRUE(has_only_digits("2026") && has_only_digits(""));
  EXPECT_FALSE(has_only_digits("20 26"));
}

TEST(Text, IsPlainIfNothingElseIsInIt) {
  EXPECT_TRUE(is_plain("fs/exec-2.c", "/.-"));
  EXPECT_FALSE(is_plain("fs/exec-2.c", "/."));
  EXPECT_FALSE(is_plain("a\xe9", "/."));
}

TEST(Text, DigitsAreThoseOfAscii) {
  EXPECT_TRUE(is_digit('0') && is_digit('9'));
  EXPECT_FALSE(is_digit('/') || is_digit(':') || is_digit('\xb2') || is_digit('\0'));
}

} // namespace
} // namespace kpatch
