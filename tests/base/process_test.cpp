// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"

#include <gtest/gtest.h>

namespace kpatch {
namespace {

TEST(Process, PassesInputAndBothOutputsOnWhole) {
  Command command{.argv = {"sh", "-c", "tee /dev/stderr"}};
  command.input = std::string(1 << 20, 'x'); // more than pipes hold
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, command.input);
  EXPECT_EQ(outcome.errors, command.input);
}

TEST(Process, TellsTheStatusOfAProgramThatASignalEnded) {
  EXPECT_EQ(run({.argv = {"sh", "-c", "kill -KILL $$"}}).status, 128 + 9);
}

TEST(Process, EndsAllThatWasStartedWhenTimeIsUp) {
  const Outcome outcome =
      run({.argv = {"sh", "-c", "sleep 1000 & wait"}, .timeout_seconds = 0.1});
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_FALSE(outcome.ok());
}

TEST(Process, NamesAProgramThatCannotBeStarted) {
  EXPECT_THROW(run({.argv = {"no-such-program-anywhere"}}), Error);
  EXPECT_THROW(run({.argv = {"true"}, .directory = "/no/such/directory"}), Error);
}

TEST(Process, WaitsForAProgramWhoseOutputIsShown) {
  testing::internal::CaptureStdout();
  const Outcome outcome =
      run({.argv = {"sh", "-c", "echo shown; exit 3"}, .show_output = true});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "shown\n");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.output, "");
}

TEST(Run, ShowsWhatProgramsPrintOnlyIfToldTo) {
  struct Case {
    LogLevel level;
    const char* output;
    const char* trace;
  };
  constexpr const char* kTrace = "DEBUG: run: echo said\n";
  for (const auto& [level, output, trace] : {
           Case{LogLevel::kNormal, "", ""},
           Case{LogLevel::kDebug, "", kTrace},
           Case{LogLevel::kOutput, "said\n", ""},
           Case{LogLevel::kDebugOutput, "said\n", kTrace},
       }) {
    set_log_level(level);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    run({.argv = {"echo", "said"}});
    set_log_level(LogLevel::kNormal);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), output);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), trace);
  }
}

} // namespace
} // namespace kpatch
