// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/command_line.h"
#include "runtime/guarded_load.h"
#include "runtime/installed.h"
#include "runtime/livepatch_state.h"
#include "runtime/outcomes.h"
#include "runtime/pretended_host.h"
#include "runtime/prune.h"

#include <gtest/gtest.h>

#include <fstream>
#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;
using namespace std::string_literals;
namespace fs = std::filesystem;

/// A kernel that says something when a module is loaded, or later.
struct TalkingKernel : PretendedKernel {
  using PretendedKernel::PretendedKernel;
  fs::path log;
  std::string at_loading;
  std::string later;
  std::chrono::milliseconds when{0};

  int load_module(const fs::path& file) override {
    write(at_loading);
    return PretendedKernel::load_module(file);
  }
  void wait(std::chrono::milliseconds time) override {
    PretendedKernel::wait(time);
    if (!later.empty() && now >= when)
      write(std::exchange(later, ""));
  }
  void write(const std::string& text) { std::ofstream(log, std::ios::app) << text; }
};

struct Trial : PretendedHost {
  TalkingKernel talking{places};
  Host trial{.places = places,
             .kernel = talking,
             .say = host.say,
             .warn = host.warn,
             .guide = host.guide,
             .progress = host.progress};
  std::string file = write_module(root.path(), "a").string();
  Guard guard{.kernel_log = (root.path() / "kmsg").string()};

  Trial() {
    talking.log = guard.kernel_log;
    write_file(guard.kernel_log, "4,1,0,-;BUG: from long ago\n");
  }
  Exit run() {
    try {
      return load_guarded(trial, file, {}, guard);
    } catch (const Error& error) {
      warned.emplace_back(error.what());
      return error.exit();
    }
  }
  std::string script(const std::string& text) {
    write_file(root.path() / "check", text);
    return (root.path() / "check").string();
  }
  bool is_loaded() const { return find_patch(places, "a").has_value(); }
};

TEST(GuardedLoad, KeepsAPatchThatNothingSpeaksAgainst) {
  Trial trial;
  trial.guard.check = trial.script("[ \"$KPATCH_PHASE\" = patched ]\n");
  trial.guard.metric = "true";
  trial.guard.watch = 5s;
  trial.talking.at_loading = "6,2,1,-;livepatch: enabling patch 'a'\n";
  EXPECT_EQ(trial.run(), Exit::kSuccess);
  EXPECT_TRUE(trial.is_loaded());
  EXPECT_GE(trial.talking.now, 5s);
}

TEST(GuardedLoad, TakesBackAPatchWhoseCheckFails) {
  Trial trial;
  trial.guard.check = trial.script("echo no such answer; exit 3\n");
  EXPECT_EQ(trial.run(), kTakenBack);
  EXPECT_FALSE(trial.is_loaded());
  EXPECT_THAT(trial.warned,
              Contains(AllOf(HasSubstr("status 3"), HasSubstr("no such answer"))));
}

TEST(GuardedLoad, TakesBackAPatchOfWhichTheKernelComplainsLater) {
  Trial trial;
  trial.guard.watch = 60s;
  trial.talking.later = "4,3,2,-;WARNING: CPU: 0 PID: 1 at fs/proc/meminfo.c:1 f+0x1\n";
  trial.talking.when = 30s;
  EXPECT_EQ(trial.run(), kTakenBack);
  EXPECT_FALSE(trial.is_loaded());
  EXPECT_LT(trial.talking.now, 45s);
  EXPECT_THAT(trial.warned, Contains(HasSubstr("WARNING: CPU: 0")));
}

TEST(GuardedLoad, TakesBackAPatchWhoseMetricFails) {
  Trial trial;
  trial.guard.watch = 60s;
  trial.guard.metric = "[ ! -e " + trial.root.path().string() + "/slow ]";
  EXPECT_EQ(trial.run(), Exit::kSuccess);
  unload_patch(trial.trial, "a");
  write_file(trial.root.path() / "slow", "");
  EXPECT_EQ(trial.run(), kTakenBack);
  EXPECT_FALSE(trial.is_loaded());
}

TEST(GuardedLoad, TakesBackAPatchWhoseMetricLeavesItsLimits) {
  const auto outcome = [](const char* metric, std::optional<double> least,
                          std::optional<double> most) {
    Trial trial;
    trial.guard.metric = metric;
    trial.guard.least = least;
    trial.guard.most = most;
    return trial.run();
  };
  EXPECT_EQ(outcome("echo 4.5 ms", 4, 5), Exit::kSuccess);
  EXPECT_EQ(outcome("echo 5.5 ms", 4, 5), kTakenBack);
  EXPECT_EQ(outcome("echo -1", 4, {}), kTakenBack);
  EXPECT_EQ(outcome("echo none", {}, 5), kTakenBack);
  EXPECT_EQ(outcome("echo none", {}, {}), Exit::kSuccess);
  EXPECT_EQ(outcome("", 4, {}), Exit::kError) << "limits of no metric";
}

TEST(GuardedLoad, RunsACheckThatIsAProgramAsItIs) {
  Trial trial;
  trial.guard.check = trial.script("#!/bin/false\n"); // to a shell it says nothing
  EXPECT_EQ(trial.run(), Exit::kSuccess);
  unload_patch(trial.trial, "a");
  fs::permissions(trial.guard.check, fs::perms::owner_all);
  EXPECT_EQ(trial.run(), kTakenBack);
}

TEST(GuardedLoad, ReturnsToWhatThePatchReplaced) {
  Trial trial;
  write_module(trial.places.installed_here(), "old", "replace=true\0"s);
  trial.talking.cumulative = {"a", "old"};
  load_patch(trial.trial, "old");
  trial.file = write_module(trial.root.path(), "a", "replace=true\0"s).string();
  trial.guard.check = trial.script("exit 1\n");
  EXPECT_EQ(trial.run(), kTakenBack);
  EXPECT_FALSE(trial.is_loaded());
  EXPECT_TRUE(find_patch(trial.places, "old")->enabled);
}

TEST(GuardedLoad, TriesNothingThatIsInForceAlready) {
  Trial trial;
  load_patch(trial.trial, trial.file);
  trial.guard.check = trial.script("exit 1\n");
  EXPECT_EQ(trial.run(), Exit::kError);
  EXPECT_TRUE(trial.is_loaded());
}

TEST(GuardedLoad, DoesNotLoadWhereTheLogCannotBeRead) {
  Trial trial;
  trial.guard.watch = 1s;
  trial.guard.kernel_log = (trial.root.path() / "none").string();
  EXPECT_EQ(trial.run(), Exit::kError);
  EXPECT_THAT(trial.talking.calls, IsEmpty());
}

TEST(Prune, RemovesWhatIsInstalledForKernelsThatAreGone) {
  PretendedHost machine;
  const fs::path& installed = machine.places.installed;
  write_module(installed / "6.1.0-test", "running");
  write_module(installed / "6.1.0-there", "there");
  write_module(installed / "6.1.0-gone", "gone");
  write_module(superseded_modules(machine.places, "6.1.0-gone"), "older");
  prune_installed(machine.host); // no kernel is where they are looked for
  EXPECT_TRUE(fs::exists(installed / "6.1.0-gone"));
  fs::create_directories(machine.places.trees / "6.1.0-test/kernel");
  fs::create_directories(machine.places.trees / "6.1.0-there/kernel");
  tell_of_gone_kernels(machine.host);
  EXPECT_THAT(machine.warned, ElementsAre(HasSubstr("gone: 6.1.0-gone;")));
  prune_installed(machine.host);
  EXPECT_THAT(machine.said, ElementsAre("uninstalling gone (6.1.0-gone)"));
  EXPECT_FALSE(fs::exists(installed / "6.1.0-gone"));
  EXPECT_FALSE(fs::exists(superseded_modules(machine.places, "6.1.0-gone")));
  EXPECT_TRUE(fs::exists(installed / "6.1.0-test/running.ko"));
  EXPECT_TRUE(fs::exists(installed / "6.1.0-there/there.ko"));
}

} // namespace
} // namespace kpatch::runtime
