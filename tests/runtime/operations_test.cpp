// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "runtime/operations.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Load, TellsOfTheModuleAndItsTransition) {
  PretendedHost machine;
  const auto file = write_module(machine.root.path(), "livepatch_a");
  load_patch(machine.host, file.string());
  EXPECT_THAT(
      machine.said,
      ElementsAre("loading patch module: " + file.string(),
                  "waiting (up to 15 seconds) for patch transition to complete...",
                  "transition complete (1 seconds)"));
  EXPECT_THAT(machine.warned, IsEmpty());
}

TEST(Load, FindsAnInstalledModuleByItsName) {
  PretendedHost machine;
  write_module(machine.places.installed_here(), "livepatch-a");
  load_patch(machine.host, "livepatch_a");
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load livepatch-a.ko"));
}

TEST(Load, SaysWhichModuleItCannotFind) {
  PretendedHost machine;
  EXPECT_EQ(message_of([&] { load_patch(machine.host, "absent"); }), "can't find absent");
  EXPECT_EQ(message_of([&] { load_patch(machine.host, "/no/absent.ko"); }),
            "can't find /no/absent.ko");
}

TEST(Load, RefusesAKernelWithoutLivePatching) {
  PretendedHost machine;
  std::filesystem::remove_all(machine.places.livepatch());
  const std::string file = write_module(machine.root.path(), "livepatch_a").string();
  EXPECT_THAT(message_of([&] { load_patch(machine.host, file); }),
              HasSubstr("cannot be live patched"));
}

TEST(Load, LeavesAnEnabledPatchAlone) {
  PretendedHost machine;
  machine.kernel.add_patch("livepatch_a", false);
  load_patch(machine.host, write_module(machine.root.path(), "livepatch_a").string());
  EXPECT_THAT(machine.said,
              ElementsAre("module named livepatch_a already loaded and enabled"));
  EXPECT_THAT(machine.kernel.calls, IsEmpty());
}

TEST(Load, CallsBackAPatchThatIsLeaving) {
  PretendedHost machine;
  machine.kernel.add_patch("livepatch_a", false);
  write_file(machine.places.livepatch() / "livepatch_a/enabled", "0\n");
  load_patch(machine.host, write_module(machine.root.path(), "livepatch_a").string());
  EXPECT_THAT(machine.said, Contains("module already loaded, re-enabling"));
  EXPECT_THAT(machine.kernel.calls, ElementsAre("write livepatch_a/enabled 1"));
}

TEST(Load, RemovesTheModuleThatAReplacedPatchLeftBehind) {
  PretendedHost machine;
  std::filesystem::create_directories(machine.places.modules() / "livepatch_a");
  load_patch(machine.host, write_module(machine.root.path(), "livepatch_a").string());
  EXPECT_THAT(machine.kernel.calls,
              ElementsAre("remove livepatch_a", "load livepatch_a.ko"));
}

TEST(Load, TriesAgainWhileAnotherTransitionRuns) {
  PretendedHost machine;
  machine.kernel.busy_answers = 4;
  load_patch(machine.host, write_module(machine.root.path(), "livepatch_a").string());
  EXPECT_EQ(machine.warned.size(), 4U);
  EXPECT_THAT(machine.warned, Contains("retrying..."));
}

TEST(Load, TriesAgainWhileABpfProgramIsBeingAttached) {
  PretendedHost machine;
  machine.kernel.busy_answer = EAGAIN;
  machine.kernel.busy_answers = 2;
  load_patch(machine.host, write_module(machine.root.path(), "livepatch_a").string());
  EXPECT_THAT(machine.warned, testing::ElementsAre("retrying...", "retrying..."));
}

TEST(Load, GivesUpAfterFiveBusyAnswers) {
  PretendedHost machine;
  machine.kernel.busy_answers = 5;
  const auto file = write_module(machine.root.path(), "livepatch_a");
  EXPECT_THAT(message_of([&] { load_patch(machine.host, file.string()); }),
              HasSubstr("failed to load module " + file.string()));
  EXPECT_EQ(machine.kernel.calls.size(), 5U);
}

TEST(Load, TakesOutAPatchWhoseTransitionStallsAndNamesTheTasks) {
  PretendedHost machine;
  const auto task = machine.places.proc / "42/task/43";
  std::filesystem::create_directories(task);
  write_file(task / "patch_state", "0\n");
  write_file(task / "comm", "sleeper\n");
  write_file(task / "stack", "[<0>] do_nanosleep+0x60\n");
  machine.kernel.never_ends = true;
  const auto file = write_module(machine.root.path(), "livepatch_a");
  EXPECT_THAT(message_of([&] { load_patch(machine.host, file.string()); }),
              testing::AnyOf(HasSubstr("transition stalled")));
  EXPECT_THAT(machine.said, Contains("patch transition has stalled!"));
  EXPECT_THAT(machine.said, Contains("Stalled processes:"));
  EXPECT_THAT(machine.said, Contains("43 sleeper"));
  EXPECT_THAT(machine.progress, Contains("livepatch_a: 1 task(s) left after 3 s"));
  EXPECT_THAT(machine.said, Contains("[<0>] do_nanosleep+0x60"));
  EXPECT_THAT(
      machine.warned,
      Contains("module livepatch_a did not complete its transition, unloading..."));
  EXPECT_GE(machine.kernel.now, std::chrono::seconds(75));
}

TEST(Load, ListsOnlyTasksOfTheOtherState) {
  PretendedHost machine;
  for (const char* id : {"1", "2", "3"})
    std::filesystem::create_directories(machine.places.proc / id / "task" / id);
  write_file(machine.places.proc / "1/task/1/patch_state", "1\n");
  write_file(machine.places.proc / "2/task/2/patch_state", "-1\n");
  write_file(machine.places.proc / "3/task/3/patch_state", "0\n");
  write_file(machine.places.proc / "3/task/3/comm", "late\n");
  machine.kernel.add_patch("livepatch_a", true);
  list_patches(machine.host);
  EXPECT_THAT(machine.said,
              ElementsAre("Loaded patch modules:", "livepatch_a [enabling...]", "",
                          "Stalled processes:", "3 late", "stack:", "", "",
                          "Installed patch modules:"));
}

TEST(Unload, DisablesWaitsAndRemoves) {
  PretendedHost machine;
  machine.kernel.add_patch("livepatch_a", false);
  unload_patch(machine.host, "some/where/livepatch-a.ko");
  EXPECT_THAT(
      machine.said,
      ElementsAre("disabling patch module: livepatch_a",
                  "waiting (up to 15 seconds) for patch transition to complete...",
                  "transition complete (1 seconds)",
                  "unloading patch module: livepatch_a"));
  EXPECT_THAT(machine.kernel.calls,
              ElementsAre("write livepatch_a/enabled 0", "remove livepatch_a"));
}

TEST(Unload, RefusesWhatIsNotLoaded) {
  PretendedHost machine;
  EXPECT_EQ(message_of([&] { unload_patch(machine.host, "livepatch-a"); }),
            "failed to disable module livepatch_a");
  EXPECT_THAT(machine.warned, ElementsAre("patch module livepatch_a is not loaded"));
}

TEST(Unload, RemovesTheModuleOfAPatchThatIsDisabledAlready) {
  PretendedHost machine;
  std::filesystem::create_directories(machine.places.modules() / "livepatch_a");
  unload_patch(machine.host, "livepatch_a");
  EXPECT_THAT(machine.kernel.calls, ElementsAre("remove livepatch_a"));
}

TEST(Unload, KeepsTheModuleThatSomebodyHolds) {
  PretendedHost machine;
  machine.kernel.add_patch("livepatch_a", false);
  write_file(machine.places.modules() / "livepatch_a/refcnt", "1\n");
  EXPECT_EQ(message_of([&] { unload_patch(machine.host, "livepatch_a"); }),
            "failed to unload module livepatch_a (refcnt)");
  EXPECT_THAT(machine.said,
              Contains("waiting (up to 15 seconds) for module refcount..."));
}

TEST(Unload, SaysThatTheTransitionStalled) {
  PretendedHost machine;
  machine.kernel.add_patch("livepatch_a", false);
  machine.kernel.never_ends = true;
  EXPECT_EQ(message_of([&] { unload_patch(machine.host, "livepatch_a"); }),
            "transition stalled for livepatch_a");
}

TEST(Unload, AllTakesEveryPatchTheNewestFirst) {
  PretendedHost machine;
  machine.kernel.add_patch("livepatch_a", false);
  machine.kernel.add_patch("livepatch_b", false);
  unload_all_patches(machine.host);
  EXPECT_THAT(machine.kernel.calls,
              ElementsAre("write livepatch_b/enabled 0", "remove livepatch_b",
                          "write livepatch_a/enabled 0", "remove livepatch_a"));
}

TEST(List, ShowsStateAndInstalledModules) {
  PretendedHost machine;
  machine.kernel.add_patch("livepatch_b", false);
  machine.kernel.add_patch("livepatch_a", false);
  write_file(machine.places.livepatch() / "livepatch_a/enabled", "0\n");
  write_file(machine.places.livepatch() / "livepatch_a/transition", "1\n");
  write_module(machine.places.installed / "6.1.0-1", "livepatch-c");
  list_patches(machine.host);
  EXPECT_THAT(machine.said,
              ElementsAre("Loaded patch modules:", "livepatch_a [disabling...]",
                          "livepatch_b [enabled]", "",
                          "Installed patch modules:", "livepatch_c (6.1.0-1)"));
}

TEST(List, EndsWithTheNewestPatchOfEachFunction) {
  PretendedHost machine;
  machine.kernel.add_patch("livepatch_old", false);
  machine.kernel.add_patch("new", true);
  for (const char* name : {"livepatch_old/vmlinux/one,1", "livepatch_old/vmlinux/two,1",
                           "new/vmlinux/two,1"})
    std::filesystem::create_directories(machine.places.livepatch() / name);
  list_patches(machine.host);
  EXPECT_THAT(machine.said,
              ElementsAre("Loaded patch modules:", "livepatch_old [enabled]",
                          "new [enabling...]", "", "Installed patch modules:", "",
                          "Currently livepatched functions:",
                          "Module         Object   Function/Occurrence",
                          "livepatch_old  vmlinux  one,1",
                          "new            vmlinux  two,1 (transition)"));
}

} // namespace
} // namespace kpatch::runtime
