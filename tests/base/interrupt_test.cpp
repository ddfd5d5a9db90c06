// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/process.h"

#include <gtest/gtest.h>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace kpatch {
namespace {

/// Runs a long program inside a temporary directory, as a build does, until interrupted.
[[noreturn]] void work_until_interrupted(const std::filesystem::path& parent) {
  catch_interrupts();
  try {
    const TempDir work("work.", parent);
    run({.argv = {"sh", "-c", "echo $$ > pid.new; mv pid.new ../pid; sleep 60; touch x"},
         .directory = work.path()});
  } catch (const Error&) {
  }
  die_if_interrupted();
  _exit(0);
}

TEST(Interrupt, EndsStartedProgramsAndLeavesThroughTheDestructors) {
  const TempDir parent("kpatch-interrupt-test.");
  const pid_t child = fork();
  if (child == 0)
    work_until_interrupted(parent.path());
  const auto pid_file = parent.path() / "pid";
  for (int tries = 0; !std::filesystem::exists(pid_file) && tries < 1000; ++tries)
    usleep(10000);
  const pid_t program = std::stoi(read_text(pid_file));
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_NE(kill(program, 0), 0) << "the program still runs";
  std::filesystem::remove(pid_file);
  EXPECT_TRUE(std::filesystem::is_empty(parent.path()));
}

} // namespace
} // namespace kpatch
