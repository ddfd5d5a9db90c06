// SPDX-License-Identifier: GPL-2.0-or-later
//
// The same operations on what kernels of every age since 4.12 show in sysfs.
#include "base/error.h"
#include "runtime/operations.h"
#include "runtime/pretended_host.h"
#include "runtime/status.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

class EveryKernel : public testing::TestWithParam<Generation> {
 protected:
  EveryKernel() { machine.kernel.generation = GetParam(); }

  /// Loads `old` and then `a_new`, which change the same function.
  void load_two() {
    for (const char* name : {"old", "a_new"}) {
      load_patch(machine.host, write_module(machine.root.path(), name).string());
      machine.kernel.add_object(name, "vmlinux", {"f,1"});
    }
  }

  PretendedHost machine;
};

TEST_P(EveryKernel, LoadsAndUnloads) {
  const auto file = write_module(machine.root.path(), "a").string();
  EXPECT_EQ(load_patch(machine.host, file), Exit::kSuccess);
  EXPECT_EQ(unload_patch(machine.host, "a"), Exit::kSuccess);
  EXPECT_THAT(machine.kernel.calls,
              ElementsAre("load a.ko", "write a/enabled 0", "remove a"));
}

TEST_P(EveryKernel, KnowsWhichPatchOfAFunctionIsActive) {
  load_two();
  const SystemStatus status = read_status(machine.places);
  ASSERT_EQ(status.patches.size(), 2U);
  EXPECT_EQ(status.patches[0].name, "old");
  EXPECT_EQ(status.patches[1].name, "a_new");
  for (const PatchStatus& patch : status.patches) {
    EXPECT_EQ(patch.objects.at(0).functions.at(0).active, "a_new");
    EXPECT_EQ(patch.objects[0].patched.has_value(), GetParam().patched);
    EXPECT_EQ(patch.replaces.has_value(), GetParam().replace);
  }
}

TEST_P(EveryKernel, ListsFunctionsAfterTheInstalledModules) {
  load_two();
  machine.said.clear();
  list_patches(machine.host);
  EXPECT_THAT(
      machine.said,
      ElementsAre("Loaded patch modules:", "a_new [enabled]", "old [enabled]", "",
                  "Installed patch modules:", "", "Currently livepatched functions:",
                  "Module  Object   Function/Occurrence", "a_new   vmlinux  f,1"));
}

TEST_P(EveryKernel, SignalsOnlyWhereTheKernelDoesNotByItself) {
  machine.kernel.add_patch("a", true);
  signal_patch(machine.host);
  if (GetParam().signal)
    EXPECT_THAT(machine.kernel.calls, ElementsAre("write a/signal 1"));
  else
    EXPECT_THAT(machine.warned, ElementsAre("this kernel signals stalled tasks by "
                                            "itself, every 15 seconds"));
}

TEST_P(EveryKernel, ForcesOnlyWhereThatExists) {
  machine.kernel.never_ends = true;
  const auto file = write_module(machine.root.path(), "a").string();
  const LoadOptions options{.waiting = {.timeout = 1s, .on_stall = OnStall::kForce}};
  if (GetParam().force)
    EXPECT_EQ(load_patch(machine.host, file, options), Exit::kStallForced);
  else
    EXPECT_THROW(load_patch(machine.host, file, options), Error);
}

TEST_P(EveryKernel, LoadsAPatchAgainThatWasDisabledByHand) {
  const auto file = write_module(machine.root.path(), "a").string();
  load_patch(machine.host, file);
  machine.kernel.write_attribute(machine.places.livepatch() / "a/enabled", "0");
  machine.kernel.wait(2s);
  machine.kernel.calls.clear();
  EXPECT_EQ(load_patch(machine.host, file), Exit::kSuccess);
  if (GetParam().keeps_disabled)
    EXPECT_THAT(machine.kernel.calls, ElementsAre("write a/enabled 1"));
  else
    EXPECT_THAT(machine.kernel.calls, ElementsAre("remove a", "load a.ko"));
}

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel, testing::ValuesIn(kGenerations),
                         [](const auto& instance) {
                           std::string name = instance.param.since;
                           std::ranges::replace(name, '.', '_');
                           return "Since" + name;
                         });

} // namespace
} // namespace kpatch::runtime
