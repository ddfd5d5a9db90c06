// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/command_line.h"
#include "runtime/operation_lock.h"
#include "runtime/operations.h"
#include "runtime/outcomes.h"
#include "runtime/pretended_host.h"
#include "runtime/replacement.h"
#include "runtime/status.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>
#include <unistd.h>

namespace kpatch::runtime {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;
using namespace std::string_literals;

Exit exit_of(const std::function<Exit()>& action) {
  try {
    return action();
  } catch (const Error& error) {
    return error.exit();
  }
}

TEST(OperationLock, NamesTheHolderAndDoesNothing) {
  PretendedHost machine;
  const auto file = write_module(machine.root.path(), "a").string();
  const OperationLock held(machine.host, "kpatch unload b", 0s);
  const Forms forms;
  for (const std::vector<std::string>& call : {std::vector<std::string>{"load", file},
                                               {"unload", "a"},
                                               {"rollback"},
                                               {"install", file},
                                               {"upgrade", file},
                                               {"uninstall", "a"}}) {
    std::vector<std::string> words = call;
    words.insert(words.end(), {"--wait", "3"});
    machine.kernel.now = 0s;
    EXPECT_THAT(message_of([&] { run_subcommand(machine.host, forms, words); }),
                AllOf(HasSubstr("kpatch unload b"),
                      HasSubstr(fmt::format("process {}", getpid()))))
        << call[0];
    EXPECT_EQ(machine.kernel.now, 3s);
  }
  EXPECT_THAT(machine.kernel.calls, IsEmpty());
  EXPECT_EQ(run_subcommand(machine.host, {.status_text = [](const auto&) { return ""; }},
                           {"status"}),
            0);
}

TEST(OperationLock, IsFreeAfterItsHolder) {
  PretendedHost machine;
  { const OperationLock held(machine.host, "kpatch load a", 0s); }
  EXPECT_NO_THROW(OperationLock(machine.host, "kpatch load b", 0s));
}

TEST(OperationLock, IsNoConditionWhereItCannotBeMade) {
  PretendedHost machine;
  write_file(machine.places.records, "in the way");
  EXPECT_NO_THROW(OperationLock(machine.host, "kpatch load b", 0s));
  EXPECT_THAT(machine.warned, ElementsAre(HasSubstr("no lock can be made")));
}

TEST(Load, IsNoSuccessIfTheModuleEnablesNoPatch) {
  PretendedHost machine;
  machine.kernel.registers_nothing = true;
  const auto file = write_module(machine.root.path(), "a").string();
  EXPECT_EQ(exit_of([&] { return load_patch(machine.host, file); }), kRefusedByKernel);
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load a.ko", "remove a"));
}

TEST(Load, TakesAPatchThatOnlySetsDataOfAnObject) {
  PretendedHost machine;
  machine.kernel.patched_functions = {};
  load_patch(machine.host, write_module(machine.root.path(), "a").string());
  EXPECT_TRUE(find_patch(machine.places, "a"));
}

TEST(Load, IsNoSuccessIfThePatchHasNoObjects) {
  PretendedHost machine;
  machine.kernel.patches_nothing = true;
  const auto file = write_module(machine.root.path(), "a").string();
  EXPECT_EQ(exit_of([&] { return load_patch(machine.host, file); }), kRefusedByKernel);
  EXPECT_FALSE(find_patch(machine.places, "a"));
}

TEST(Load, IsNoSuccessIfThePatchIsNotInForceInTheEnd) {
  PretendedHost machine;
  machine.kernel.is_replaced_at_once = true;
  const auto file = write_module(machine.root.path(), "a").string();
  EXPECT_THAT(message_of([&] { load_patch(machine.host, file); }),
              HasSubstr("a was loaded but is not in force"));
}

/// Loads another patch by itself before the one that is asked for.
struct BusyKernel : PretendedKernel {
  using PretendedKernel::PretendedKernel;
  int load_module(const std::filesystem::path& file) override {
    if (calls.empty())
      add_patch("other", false);
    return PretendedKernel::load_module(file);
  }
};

TEST(Load, NotesForRollingBackWhatCameMeanwhile) {
  PretendedHost machine;
  BusyKernel kernel(machine.places);
  kernel.cumulative = {"a"};
  Host host{machine.places,     kernel,
            machine.host.say,   machine.host.warn,
            machine.host.guide, machine.host.progress};
  load_patch(host, write_module(machine.root.path(), "a", "replace=true\0"s).string());
  EXPECT_THAT(replaced_by(machine.places, "a"), ElementsAre("other"));
}

TEST(Load, SaysThatTracingIsOffAndDoesNotTryAgain) {
  PretendedHost machine;
  std::filesystem::create_directories(machine.places.proc / "sys/kernel");
  write_file(machine.places.proc / "sys/kernel/ftrace_enabled", "0\n");
  const auto file = write_module(machine.root.path(), "a").string();
  EXPECT_THAT(message_of([&] { load_patch(machine.host, file); }),
              HasSubstr("kernel.ftrace_enabled=0"));
  EXPECT_EQ(exit_of([&] { return load_patch(machine.host, file); }), kRefusedByChecks);
  EXPECT_THAT(machine.kernel.calls, IsEmpty());
  machine.kernel.busy_answers = 5;
  EXPECT_EQ(
      exit_of([&] { return load_patch(machine.host, file, {.skips_checks = true}); }),
      kRefusedByKernel);
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load a.ko"));
}

TEST(Status, NoFunctionIsInEffectWhileTracingIsOff) {
  PretendedHost machine;
  load_patch(machine.host, write_module(machine.root.path(), "a").string());
  EXPECT_EQ(
      read_status(machine.places).patches.at(0).objects.at(0).functions.at(0).active,
      "a");
  std::filesystem::create_directories(machine.places.proc / "sys/kernel");
  write_file(machine.places.proc / "sys/kernel/ftrace_enabled", "0\n");
  const SystemStatus status = read_status(machine.places);
  EXPECT_TRUE(status.is_tracing_off);
  EXPECT_EQ(status.patches.at(0).objects.at(0).functions.at(0).active, "");
}

TEST(Report, SaysWhatBecameOfAnOperationAndNothingElseOnStandardOutput) {
  PretendedHost machine;
  machine.kernel.load_answer = ENOEXEC;
  OperationReport seen;
  const Forms forms{.operation_json = [&](const OperationReport& report) {
    seen = report;
    return "{}";
  }};
  const auto file = write_module(machine.root.path(), "a").string();
  EXPECT_EQ(run_subcommand(machine.host, forms, {"load", file, "--json"}), 8);
  EXPECT_THAT(machine.said, ElementsAre("{}"));
  EXPECT_EQ(seen.operation, "load");
  EXPECT_EQ(seen.module, file);
  EXPECT_EQ(seen.status, kRefusedByKernel);
  EXPECT_THAT(seen.error, HasSubstr("failed to load module"));
  EXPECT_THAT(seen.said, Contains("loading patch module: " + file));
}

} // namespace
} // namespace kpatch::runtime
