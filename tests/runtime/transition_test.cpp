// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/interrupt.h"
#include "runtime/livepatch_state.h"
#include "runtime/operations.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <gmock/gmock.h>
#include <unistd.h>

namespace kpatch::runtime {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

Exit exit_of(const std::function<Exit()>& action) {
  try {
    return action();
  } catch (const Error& error) {
    return error.exit();
  }
}

/// A machine on which no transition ends by itself.
struct Stall : PretendedHost {
  std::string file = write_module(root.path(), "livepatch_a").string();

  Stall() {
    kernel.never_ends = true;
    add_stalled_task("7", "late", "[<0>] f+0x1/0x9\n");
  }
  Exit load(std::optional<OnStall> policy) {
    return exit_of([&] {
      return load_patch(host, file, {.waiting = {.timeout = 2s, .on_stall = policy}});
    });
  }
  Exit unload(std::optional<OnStall> policy) {
    kernel.add_patch("livepatch_a", false);
    return exit_of([&] {
      return unload_patch(host, "livepatch_a", {.timeout = 2s, .on_stall = policy});
    });
  }
  void set_generation(const char* since) {
    for (const Generation& generation : kGenerations)
      if (std::string(generation.since) == since)
        kernel.generation = generation;
  }
};

/// Sends a signal to this program in the middle of a transition.
struct InterruptingKernel : PretendedKernel {
  using PretendedKernel::PretendedKernel;
  void wait(std::chrono::milliseconds time) override {
    PretendedKernel::wait(time);
    if (now == std::chrono::seconds(2))
      std::raise(SIGTERM);
  }
};

/// Ends the process as `kpatch` would that gets SIGTERM while it loads and all tasks stay
/// where they are; 99 if the state is not the one that is wanted.
[[noreturn]] void load_interrupted(OnStall policy, bool wants_patch) {
  catch_interrupts();
  PretendedHost machine;
  InterruptingKernel kernel(machine.places);
  kernel.ending = "0"; // only the way back ends
  Host host{machine.places,     kernel,
            machine.host.say,   machine.host.warn,
            machine.host.guide, machine.host.progress};
  const auto file = write_module(machine.root.path(), "a");
  int status = 0;
  try {
    load_patch(host, file.string(), {.waiting = {.on_stall = policy}});
  } catch (const Error& error) {
    status = static_cast<int>(error.exit());
  }
  const bool is_there = find_patch(machine.places, "a").has_value();
  const bool was_quick = kernel.now < std::chrono::seconds(10);
  std::filesystem::remove_all(machine.root.path());
  _exit(is_there == wants_patch && was_quick ? status : 99);
}

TEST(Transition, SignalsEndItAsTheStallPolicySays) {
  EXPECT_EXIT(load_interrupted(OnStall::kRevert, false), testing::ExitedWithCode(4), "");
  EXPECT_EXIT(load_interrupted(OnStall::kKeep, true), testing::ExitedWithCode(5), "");
}

TEST(StalledLoad, IsRevertedAndEndsWithOneAsTheClassicTool) {
  Stall machine;
  EXPECT_EQ(machine.load(std::nullopt), Exit::kError);
  EXPECT_THAT(machine.kernel.calls,
              ElementsAre("load livepatch_a.ko", "write livepatch_a/enabled 0"));
}

TEST(StalledLoad, TellsByItsStatusWhatBecameOfIt) {
  Stall reverted;
  reverted.kernel.never_ends = false;
  reverted.kernel.ending = "0";
  EXPECT_EQ(reverted.load(OnStall::kRevert), Exit::kStallReverted);
  EXPECT_THAT(reverted.kernel.calls,
              ElementsAre("load livepatch_a.ko", "write livepatch_a/enabled 0",
                          "remove livepatch_a"));
  Stall stuck;
  EXPECT_EQ(stuck.load(OnStall::kRevert), Exit::kStallKept) << "reverting stalls too";
  Stall kept;
  EXPECT_EQ(kept.load(OnStall::kKeep), Exit::kStallKept);
  EXPECT_THAT(kept.kernel.calls, ElementsAre("load livepatch_a.ko"));
  Stall forced;
  EXPECT_EQ(forced.load(OnStall::kForce), Exit::kStallForced);
  EXPECT_THAT(forced.kernel.calls,
              ElementsAre("load livepatch_a.ko", "write livepatch_a/force 1"));
  EXPECT_THAT(forced.warned, Contains(HasSubstr("can never be removed")));
}

TEST(StalledLoad, SaysThatTheKernelCannotForce) {
  Stall machine;
  machine.set_generation("4.12");
  EXPECT_EQ(machine.load(OnStall::kForce), Exit::kStallKept);
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load livepatch_a.ko"));
}

TEST(StalledLoad, GivesUpAfterTheTimeAskedFor) {
  Stall machine;
  machine.load(OnStall::kKeep);
  EXPECT_EQ(machine.kernel.now, 2s);
  EXPECT_THAT(machine.said, Contains("waiting (up to 2 seconds) for patch transition to "
                                     "complete..."));
}

TEST(StalledLoad, DoesNotWaitAtAllWithATimeoutOfZero) {
  Stall machine;
  EXPECT_EQ(exit_of([&] {
              return load_patch(machine.host, machine.file,
                                {.waiting = {.timeout = 0s, .on_stall = OnStall::kKeep}});
            }),
            Exit::kStallKept);
  EXPECT_EQ(machine.kernel.now, 0s);
}

TEST(StalledUnload, IsKeptOrRevertedOrForced) {
  Stall classic;
  EXPECT_EQ(classic.unload(std::nullopt), Exit::kError);
  Stall kept;
  EXPECT_EQ(kept.unload(OnStall::kKeep), Exit::kStallKept);
  EXPECT_THAT(kept.kernel.calls, ElementsAre("write livepatch_a/enabled 0"));
  Stall reverted;
  reverted.kernel.never_ends = false;
  reverted.kernel.ending = "1";
  EXPECT_EQ(reverted.unload(OnStall::kRevert), Exit::kStallReverted);
  EXPECT_THAT(reverted.kernel.calls,
              ElementsAre("write livepatch_a/enabled 0", "write livepatch_a/enabled 1"));
  Stall forced;
  EXPECT_EQ(forced.unload(OnStall::kForce), Exit::kStallForced);
  EXPECT_THAT(forced.kernel.calls, Not(Contains("remove livepatch_a")));
}

/// A kernel that takes out one of the functions of the patch every `per_function` once it
/// is disabled, and ends the transition with the last.
struct SlowKernel : PretendedKernel {
  using PretendedKernel::PretendedKernel;
  std::filesystem::path list;
  std::chrono::seconds per_function{1};
  int functions = 0;

  void wait(std::chrono::milliseconds time) override {
    PretendedKernel::wait(time);
    if (functions == 0 || now % per_function != now.zero())
      return;
    never_ends = --functions != 0;
    show();
  }
  void show() const {
    std::string text;
    for (int i = 0; i < functions; ++i)
      text += "f" + std::to_string(i) + " (1) R I     \n";
    write_file(list, text);
  }
};

/// The exit of an unload that is given two seconds.
Exit unload_slowly(std::chrono::seconds per_function, bool has_task_in_the_way) {
  PretendedHost machine;
  if (has_task_in_the_way) {
    machine.add_stalled_task("7", "late", "");
    write_file(machine.places.proc / "7/task/7/patch_state", "1\n");
  }
  SlowKernel kernel(machine.places);
  kernel.list = machine.places.sysfs / "kernel/tracing/enabled_functions";
  std::filesystem::create_directories(kernel.list.parent_path());
  kernel.per_function = per_function;
  kernel.functions = 300;
  kernel.never_ends = true;
  kernel.show();
  kernel.add_patch("livepatch_a", false);
  Host host{machine.places,     kernel,
            machine.host.say,   machine.host.warn,
            machine.host.guide, machine.host.progress};
  const Exit exit = exit_of([&] {
    return unload_patch(host, "livepatch_a", {.timeout = 2s, .on_stall = OnStall::kKeep});
  });
  const bool was_told = std::ranges::any_of(machine.progress, [](const auto& line) {
    return line.find("no task left after 9 s, 291 function(s) to take out") !=
           std::string::npos;
  });
  EXPECT_EQ(was_told, exit == Exit::kSuccess);
  return exit;
}

TEST(Unload, WaitsAsLongAsTheKernelTakesOutFunctionsWithNoTaskInTheWay) {
  EXPECT_EQ(unload_slowly(1s, false), Exit::kSuccess);
  EXPECT_EQ(unload_slowly(1s, true), Exit::kStallKept);
  EXPECT_EQ(unload_slowly(4s, false), Exit::kStallKept);
}

TEST(StalledTasks, AreShownWithThePatchedFunctionTheyAreIn) {
  Stall machine;
  machine.kernel.add_patch("older", false);
  machine.kernel.add_object("older", "ip_vs", {"estimation_timer,1"});
  machine.add_stalled_task("9", "other",
                           "[<0>] do_nanosleep+0x60/0x100\n"
                           "[<0>] estimation_timer+0x1/0x2 [ip_vs]\n");
  machine.load(OnStall::kKeep);
  EXPECT_THAT(machine.said, Contains("inside patched: estimation_timer (ip_vs)"));
}

TEST(FunctionsOnStack, AreThoseOfWholeNames) {
  const std::vector<ReplacedFunction> patched = {{"vmlinux", "nap", 1},
                                                 {"ip_vs", "run", 1}};
  EXPECT_THAT(functions_on_stack("[<0>] napkin+0x1/0x2\n[<0>] xrun+0x1/0x2\n", patched),
              IsEmpty());
  EXPECT_THAT(functions_on_stack("[<0>] run+0x1/0x2 [ip_vs]\n[<0>] nap+0x5/0x6\n"
                                 "[<0>] run+0x3/0x2 [ip_vs]\n",
                                 patched),
              ElementsAre(patched[1], patched[0]));
  // As kernels before 4.19 print it.
  EXPECT_THAT(functions_on_stack("[<ffffffff810f1c43>] nap+0x53/0xd0\n"
                                 "[<ffffffffffffffff>] 0xffffffffffffffff",
                                 patched),
              ElementsAre(patched[0]));
}

TEST(FunctionsOnStack, SurviveDamagedLines) {
  EXPECT_THAT(functions_on_stack("+\n] +\n[<0>] \n+] x\n", {{"vmlinux", "x", 1}}),
              IsEmpty());
}

} // namespace
} // namespace kpatch::runtime
