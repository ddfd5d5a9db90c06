// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/health.h"

#include <gtest/gtest.h>

namespace kpatch::runtime {
namespace {

SystemStatus with(Condition condition) {
  SystemStatus status{.release = "6.1.0-test", .can_livepatch = true};
  status.patches = {{.name = "fix", .condition = condition}};
  return status;
}

Health health(const SystemStatus& status) {
  return health_of(ailments_of(status));
}

TEST(Health, IsGoodWhereAllIsInForce) {
  EXPECT_EQ(health({.can_livepatch = true}), Health::kOk);
  EXPECT_EQ(health(with(Condition::kEnabled)), Health::kOk);
  EXPECT_EQ(health_line(with(Condition::kEnabled)),
            "KPATCH OK - in force: fix | in_force=1 stalled_tasks=0");
}

TEST(Health, IsCriticalWhereAFixIsWithoutEffect) {
  SystemStatus off = with(Condition::kEnabled);
  off.is_tracing_off = true;
  EXPECT_EQ(health(off), Health::kCritical);
  SystemStatus stalled = with(Condition::kEnabling);
  EXPECT_EQ(health(stalled), Health::kWarning);
  stalled.patches[0].stalled = {{.id = "12", .command = "late"}};
  EXPECT_EQ(health(stalled), Health::kCritical);
  SystemStatus bypassed = with(Condition::kEnabled);
  bypassed.patches[0].objects = {
      {.name = "vmlinux", .functions = {{{"vmlinux", "f", 1}, "fix", "BPF"}}}};
  EXPECT_EQ(health(bypassed), Health::kCritical);
}

TEST(Health, WarnsOfWhatIsInstalledAndNotLoaded) {
  SystemStatus status = with(Condition::kEnabled);
  status.installed = {{"other", "6.1.0-later", {}}, {"old", status.release, {}}};
  EXPECT_EQ(health(status), Health::kWarning);
  status.patches[0].replaced = {"old"};
  EXPECT_EQ(health(status), Health::kOk);
  EXPECT_EQ(health(with(Condition::kDisabled)), Health::kWarning);
}

TEST(Health, IsUnknownWithoutLivePatching) {
  EXPECT_EQ(health({}), Health::kUnknown);
}

TEST(Health, SaysTheWorstFirst) {
  SystemStatus status = with(Condition::kEnabled);
  status.is_tracing_off = true;
  status.installed = {{"old", status.release, {}}};
  const std::string line = health_line(status);
  EXPECT_TRUE(line.starts_with("KPATCH CRITICAL - function tracing is off")) << line;
  EXPECT_NE(line.find("; old is installed for this kernel"), std::string::npos) << line;
}

} // namespace
} // namespace kpatch::runtime
