// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "runtime/installed.h"
#include "runtime/operations.h"
#include "runtime/pretended_host.h"
#include "runtime/replacement.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::string_literals;

/// v1, v2 and v3 of one cumulative patch, installed.
struct Versions : PretendedHost {
  Versions() {
    for (const char* name : {"fix-v1", "fix-v2", "fix-v3"}) {
      write_module(places.installed_here(), name, "replace=true\0"s);
      kernel.cumulative.insert(module_name(name));
    }
  }
};

TEST(Replacement, IsAnnouncedAndLeavesNoModuleBehind) {
  Versions machine;
  load_patch(machine.host, "fix-v1");
  machine.said.clear();
  load_patch(machine.host, "fix-v2");
  EXPECT_THAT(machine.said, Contains("replaces: fix_v1"));
  EXPECT_THAT(machine.said, Contains("replaced patch module: fix_v1"));
  EXPECT_THAT(machine.kernel.calls,
              ElementsAre("load fix-v1.ko", "load fix-v2.ko", "remove fix_v1"));
  EXPECT_THAT(replaced_by(machine.places, "fix_v2"), ElementsAre("fix_v1"));
}

TEST(Replacement, OfAModuleThatIsHeldIsNoFailureOfTheNewOne) {
  Versions machine;
  load_patch(machine.host, "fix-v1");
  write_file(machine.places.modules() / "fix_v1/refcnt", "1\n");
  EXPECT_EQ(load_patch(machine.host, "fix-v2"), Exit::kSuccess);
  EXPECT_THAT(machine.warned, Contains("failed to unload module fix_v1 (refcnt)"));
}

TEST(Replacement, IsFinishedByTheLoadThatSeesTheTransitionEnd) {
  Versions machine;
  load_patch(machine.host, "fix-v1");
  machine.kernel.never_ends = true;
  const Waiting keep{.timeout = std::chrono::seconds(1), .on_stall = OnStall::kKeep};
  EXPECT_THROW(load_patch(machine.host, "fix-v2", {.waiting = keep}), Error);
  machine.kernel.never_ends = false;
  machine.kernel.calls.clear();
  load_patch(machine.host, "fix-v2");
  EXPECT_THAT(machine.kernel.calls, ElementsAre("remove fix_v1"));
  load_patch(machine.host, "fix-v2");
  EXPECT_THAT(machine.kernel.calls, ElementsAre("remove fix_v1"));
  EXPECT_THAT(replaced_by(machine.places, "fix_v2"), ElementsAre("fix_v1"));
}

TEST(Replacement, IsNotWhatAStackingPatchIsAbout) {
  PretendedHost machine;
  load_patch(machine.host, write_module(machine.root.path(), "a").string());
  machine.kernel.never_ends = true;
  const Waiting keep{.timeout = std::chrono::seconds(1), .on_stall = OnStall::kKeep};
  const auto file = write_module(machine.root.path(), "b", "replace=false\0"s);
  EXPECT_THROW(load_patch(machine.host, file.string(), {.waiting = keep}), Error);
  EXPECT_THAT(replaced_by(machine.places, "b"), IsEmpty());
}

TEST(Replacement, LeavesAloneWhatIsStillEnabled) {
  PretendedHost machine;
  load_patch(machine.host, write_module(machine.root.path(), "a").string());
  load_patch(machine.host, write_module(machine.root.path(), "b").string());
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load a.ko", "load b.ko"));
  EXPECT_THAT(replaced_by(machine.places, "b"), IsEmpty());
}

TEST(Rollback, GoesBackStepByStep) {
  Versions machine;
  for (const char* name : {"fix-v1", "fix-v2", "fix-v3"})
    load_patch(machine.host, name);
  roll_back(machine.host);
  EXPECT_THAT(enabled_patches(machine.places), ElementsAre("fix_v2"));
  EXPECT_THAT(machine.said, Contains("rolling back from fix_v3 to fix_v2"));
  EXPECT_THAT(machine.said, Contains(HasSubstr("fix_v3 is set aside")));
  EXPECT_EQ(installed_modules(machine.places.installed_here()).size(), 2U);
  roll_back(machine.host);
  EXPECT_THAT(enabled_patches(machine.places), ElementsAre("fix_v1"));
  EXPECT_EQ(message_of([&] { roll_back(machine.host); }),
            "fix_v1 replaced no other patch when it was loaded");
}

TEST(Rollback, TakesTheNewestOutFirstIfItsPredecessorsWouldStackOnIt) {
  PretendedHost machine;
  machine.kernel.cumulative = {"c"};
  for (const char* name : {"a", "b"})
    write_module(machine.places.installed_here(), name, "replace=false\0"s);
  write_module(machine.root.path(), "c", "replace=true\0"s);
  for (const std::string name : {"a", "b"})
    load_patch(machine.host, name);
  load_patch(machine.host, (machine.root.path() / "c.ko").string());
  machine.kernel.calls.clear();
  roll_back(machine.host);
  EXPECT_THAT(machine.kernel.calls,
              ElementsAre("write c/enabled 0", "remove c", "load a.ko", "load b.ko"));
}

TEST(Rollback, SaysWhatIsNotInstalled) {
  Versions machine;
  load_patch(machine.host, "fix-v1");
  load_patch(machine.host, "fix-v2");
  uninstall_patch(machine.host, "fix-v1");
  EXPECT_EQ(message_of([&] { roll_back(machine.host); }),
            "fix_v2 has replaced fix_v1, which is not installed for kernel 6.1.0-test");
  EXPECT_THAT(enabled_patches(machine.places), ElementsAre("fix_v2"));
}

TEST(Rollback, NeedsAPatch) {
  PretendedHost machine;
  EXPECT_EQ(message_of([&] { roll_back(machine.host); }), "no patch is loaded");
}

} // namespace
} // namespace kpatch::runtime
