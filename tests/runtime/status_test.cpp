// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/operations.h"
#include "runtime/pretended_host.h"
#include "runtime/replacement.h"
#include "runtime/status.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using namespace std::string_literals;

TEST(Status, TellsReplacedFromDisabled) {
  PretendedHost machine;
  machine.kernel.add_patch("now", false);
  for (const char* name : {"before", "other"}) {
    std::filesystem::create_directories(machine.places.modules() / name);
    write_file(machine.places.modules() / name / "taint", "OEK\n");
  }
  note_replaced(machine.host, "now", {"before"});
  const SystemStatus status = read_status(machine.places);
  ASSERT_EQ(status.patches.size(), 3U);
  EXPECT_EQ(status.patches[0].condition, Condition::kEnabled);
  EXPECT_THAT(status.patches[0].replaced, ElementsAre("before"));
  EXPECT_EQ(status.patches[1].condition, Condition::kReplaced);
  EXPECT_EQ(status.patches[2].condition, Condition::kDisabled);
}

TEST(Status, SaysNothingIsActiveInAnObjectThatIsNotPatched) {
  PretendedHost machine;
  machine.kernel.add_patch("a", false);
  machine.kernel.add_object("a", "ip_vs", {"f,1"});
  write_file(machine.places.livepatch() / "a/ip_vs/patched", "0\n");
  const SystemStatus status = read_status(machine.places);
  EXPECT_EQ(status.patches.at(0).objects.at(0).functions.at(0).active, "");
}

TEST(Status, NamesTasksTaintAndInstalledFile) {
  PretendedHost machine;
  machine.kernel.add_patch("a_b", true);
  machine.add_stalled_task("12", "late", "");
  std::filesystem::create_directories(machine.places.proc / "sys/kernel");
  write_file(machine.places.proc / "sys/kernel/tainted", "36864\n");
  const auto file =
      write_module(machine.places.installed_here(), "a-b", "replace=true\0"s);
  machine.kernel.generation = kGenerations.front();
  const SystemStatus status = read_status(machine.places);
  const PatchStatus& patch = status.patches.at(0);
  EXPECT_EQ(patch.condition, Condition::kEnabling);
  EXPECT_EQ(patch.stalled.at(0).command, "late");
  EXPECT_EQ(patch.file, file);
  EXPECT_EQ(patch.taint, "OEK");
  EXPECT_FALSE(patch.signature.is_present);
  ASSERT_EQ(status.taints.size(), 2U);
  EXPECT_EQ(status.taints[0].letter, 'O');
  EXPECT_EQ(status.taints[1].letter, 'K');
}

TEST(Information, SaysWhatTheModuleIsAndWhetherItIsLoaded) {
  PretendedHost machine;
  write_module(machine.places.installed_here(), "a", "replace=false\0depends=x\0"s);
  EXPECT_FALSE(read_information(machine.host, "a").loaded);
  machine.kernel.add_patch("a", false);
  const PatchInformation information = read_information(machine.host, "a");
  EXPECT_EQ(information.loaded, Condition::kEnabled);
  EXPECT_EQ(information.module.replaces(), false);
  EXPECT_EQ(information.module.info.front().first, "livepatch");
}

} // namespace
} // namespace kpatch::runtime
