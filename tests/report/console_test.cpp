// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/console.h"

#include <gtest/gtest.h>

namespace kpatch::report {
namespace {

TEST(Console, SaysHowManyUnitsAreDoneAndLeftAndForHowLong) {
  EXPECT_EQ(compile_progress_text({.done = 12, .total = 100, .seconds = 6}),
            "12 of 100 units compiled, 88 left, about 44 s");
  EXPECT_EQ(compile_progress_text({.done = 10, .total = 3000, .seconds = 10}),
            "10 of 3000 units compiled, 2990 left, about 50 min");
}

TEST(Console, IsSilentWhereALineWouldOnlyFlicker) {
  EXPECT_EQ(compile_progress_text({.done = 1, .total = 2, .seconds = 0.5}), "");
  EXPECT_EQ(compile_progress_text({.done = 2, .total = 2, .seconds = 50}), "");
  EXPECT_EQ(compile_progress_text({.done = 0, .total = 2, .seconds = 50}), "");
}

TEST(Console, ColoursTheWordThatSaysHowThingsStand) {
  EXPECT_EQ(coloured("fs/x.o: ERROR: no\nERROR: yes\n"),
            "fs/x.o: ERROR: no\n\033[1;31mERROR:\033[0m yes\n");
  EXPECT_EQ(coloured("WARNING: a"), "\033[33mWARNING:\033[0m a");
  EXPECT_EQ(coloured("SUCCESS"), "\033[32mSUCCESS\033[0m");
  EXPECT_EQ(coloured(""), "");
}

/// What is written, where neither stream is a terminal.
TEST(Console, WritesPlainLinesIntoPipes) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Console console;
  console.say("SUCCESS");
  console.complain("WARNING: a");
  console.show({.done = 1, .total = 2, .seconds = 3});
  console.show({.done = 1, .total = 2, .seconds = 3.1}); // too soon after the last
  console.show({.done = 2, .total = 2, .seconds = 4});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "SUCCESS\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "WARNING: a\n1 of 2 units compiled, 1 left, about 3 s\n");
}

} // namespace
} // namespace kpatch::report
