// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.h"
#include "rehearse/guest.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::rehearse {
namespace {

using testing::ElementsAre;

TEST(Guest, ReportIsReadLineByLine) {
  const GuestRecord record =
      parse_guest_record("T boot 2500000000\r\n"
                         "T taint-before 0\r\n"
                         "T begin 1 load klp_a 3000000000\r\n"
                         "T end 0 4250000000\r\n"
                         "T said loading patch module: x\r\n"
                         "T begin 1 check-patched check 4300000000\r\n"
                         "T taint-after 512\r\n"
                         "T log [    1.0] hello world\r\n"
                         "T complete\r\n",
                         "T");
  EXPECT_TRUE(record.booted);
  EXPECT_DOUBLE_EQ(record.boot_seconds, 2.5);
  ASSERT_EQ(record.steps.size(), 2U);
  EXPECT_EQ(record.steps[0].cycle, 1U);
  EXPECT_EQ(record.steps[0].action, "load");
  EXPECT_EQ(record.steps[0].subject, "klp_a");
  EXPECT_EQ(record.steps[0].status, 0);
  EXPECT_DOUBLE_EQ(record.steps[0].seconds, 1.25);
  EXPECT_THAT(record.steps[0].said, ElementsAre("loading patch module: x"));
  EXPECT_FALSE(record.steps[1].status.has_value());
  EXPECT_EQ(record.taint_after, 512U);
  EXPECT_THAT(record.log, ElementsAre("[    1.0] hello world"));
  EXPECT_TRUE(record.complete);
}

TEST(Guest, LinesWithoutTheTokenDoNotCount) {
  const GuestRecord record =
      parse_guest_record("boot 1\nX complete\nend 0 1\nT end 0 1\nT said x\n\nT", "T");
  EXPECT_FALSE(record.booted);
  EXPECT_FALSE(record.complete);
  EXPECT_TRUE(record.steps.empty());
}

TEST(Guest, StepsAreNotTimedByWhatPatchesChange) {
  EXPECT_EQ(guest_init().find("</proc/uptime"), std::string_view::npos);
}

TEST(Guest, ReadsTheMonotonicClockOfTheKernel) {
  std::string script(guest_init());
  const std::size_t begin = script.find("now() {");
  ASSERT_NE(begin, std::string::npos);
  script = script.substr(begin, script.find("\n}\n", begin) + 3 - begin);
  const std::size_t file = script.find("/proc/timer_list");
  ASSERT_NE(file, std::string::npos);
  script.replace(file, 16, "/dev/stdin");
  script += "printf 'Timer List Version: v0.9\\nHRTIMER_MAX_CLOCK_BASES: 8\\n"
            "now at 2349806871 nsecs\\n\\ncpu: 0\\n' | now";
  EXPECT_EQ(run({.argv = {"busybox", "sh", "-c", script}}).output, "2349806871\n");
}

TEST(Guest, InitIsAValidScriptForItsShell) {
  EXPECT_TRUE(
      run({.argv = {"busybox", "sh", "-n"}, .input = std::string(guest_init())}).ok());
}

} // namespace
} // namespace kpatch::rehearse
