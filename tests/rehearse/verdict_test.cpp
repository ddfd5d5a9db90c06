// SPDX-License-Identifier: GPL-2.0-or-later
#include "rehearse/rehearse.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::rehearse {
namespace {

using testing::HasSubstr;

constexpr std::string_view kMark = "the mark";

GuestStep step(const std::string& action, int status) {
  return {.cycle = 1, .action = action, .subject = "klp_a", .status = status};
}

/// A rehearsal in which all went as it must.
Rehearsal good() {
  Rehearsal rehearsal;
  rehearsal.guest.booted = true;
  rehearsal.guest.complete = true;
  rehearsal.guest.steps = {step("check-before", 1), step("load", 0),
                           step("check-patched", 0), step("unload", 0),
                           step("check-after", 1)};
  rehearsal.guest.log = {"[    1.0] WARNING: a firmware quirk", "[    2.0] the mark",
                         "[    3.0] livepatch: enabling patch 'klp_a'"};
  return rehearsal;
}

TEST(Verdict, PassesIfAllHeldAndDoesNotBlameThePatchForBooting) {
  Rehearsal rehearsal = good();
  judge(rehearsal, MachineEnd::kByItself, kMark);
  EXPECT_EQ(rehearsal.verdict, Verdict::kPassed);
  EXPECT_EQ(rehearsal.boot_complaints.size(), 1U);
  EXPECT_TRUE(rehearsal.complaints.empty());
}

TEST(Verdict, TellsEachWrongStepFromTheOthers) {
  const Verdict verdicts[] = {Verdict::kCheckBefore, Verdict::kLoad,
                              Verdict::kCheckPatched, Verdict::kUnload,
                              Verdict::kCheckAfter};
  for (std::size_t index = 0; index < std::size(verdicts); ++index) {
    Rehearsal rehearsal = good();
    int& status = *rehearsal.guest.steps[index].status;
    status = !status;
    judge(rehearsal, MachineEnd::kByItself, kMark);
    EXPECT_EQ(rehearsal.verdict, verdicts[index]);
    EXPECT_THAT(rehearsal.reason, HasSubstr("cycle 1: "));
  }
}

TEST(Verdict, DoesNotBlameThePatchForHardwareThatIsNotThere) {
  Rehearsal rehearsal = good();
  const GuestStep absent{.cycle = 0,
                         .action = "module",
                         .subject = "xen_gntdev",
                         .status = 1,
                         .said = {"insmod: can't insert 'x.ko': No such device"}};
  rehearsal.guest.steps.insert(rehearsal.guest.steps.begin(), absent);
  EXPECT_TRUE(absent.is_without_hardware());
  judge(rehearsal, MachineEnd::kByItself, kMark);
  EXPECT_EQ(rehearsal.verdict, Verdict::kPassed);
}

TEST(Verdict, TellsWhatFailsInAnUpgrade) {
  Rehearsal rehearsal = good();
  rehearsal.guest.steps = {step("upgrade", 0), step("upgrade", 0), step("rollback", 1)};
  judge(rehearsal, MachineEnd::kByItself, kMark);
  EXPECT_EQ(rehearsal.verdict, Verdict::kRollback);
  EXPECT_EQ(to_string(rehearsal.verdict), "rollback");
  rehearsal.guest.steps = {step("upgrade", 0), step("upgrade", 1)};
  judge(rehearsal, MachineEnd::kByItself, kMark);
  EXPECT_EQ(rehearsal.verdict, Verdict::kLoad);
}

TEST(Verdict, NamesTheModuleThatDoesNotLoad) {
  Rehearsal rehearsal = good();
  rehearsal.guest.steps = {
      {.cycle = 0, .action = "module", .subject = "ip_vs", .status = 1}};
  judge(rehearsal, MachineEnd::kByItself, kMark);
  EXPECT_EQ(rehearsal.verdict, Verdict::kModuleNotLoaded);
  EXPECT_EQ(rehearsal.reason, "the kernel module ip_vs does not load");
}

TEST(Verdict, WithEachPatchOnItsOwnTakesAModuleThatDoesNotLoadForNoMatter) {
  Rehearsal rehearsal = good();
  rehearsal.each = true;
  rehearsal.guest.steps.insert(
      rehearsal.guest.steps.begin(),
      {.cycle = 0, .action = "module", .subject = "hv_vmbus", .status = 1});
  judge(rehearsal, MachineEnd::kByItself, kMark);
  EXPECT_EQ(rehearsal.verdict, Verdict::kPassed);
}

TEST(Verdict, HoldsAComplaintOfTheKernelAgainstThePatch) {
  Rehearsal rehearsal = good();
  rehearsal.guest.log.push_back("[    4.0] BUG: something");
  judge(rehearsal, MachineEnd::kByItself, kMark);
  EXPECT_EQ(rehearsal.verdict, Verdict::kLog);
  EXPECT_EQ(rehearsal.reason, "the kernel complained: BUG: something");
}

TEST(Verdict, HoldsANewTaintAgainstThePatch) {
  Rehearsal rehearsal = good();
  rehearsal.guest.taint_after = 512;
  judge(rehearsal, MachineEnd::kByItself, kMark);
  EXPECT_EQ(rehearsal.verdict, Verdict::kLog);
}

TEST(Verdict, TellsNoBootCrashAndTimeoutApart) {
  Rehearsal silent;
  judge(silent, MachineEnd::kByItself, kMark);
  EXPECT_EQ(silent.verdict, Verdict::kNoBoot);

  Rehearsal dead = good();
  dead.guest.complete = false;
  dead.guest.steps.resize(2);
  dead.guest.steps[1].status.reset();
  dead.console = {"[    4.0] Kernel panic - not syncing: x"};
  judge(dead, MachineEnd::kByItself, kMark);
  EXPECT_EQ(dead.verdict, Verdict::kCrashed);
  EXPECT_EQ(dead.reason, "the machine died during: cycle 1: load klp_a");
  EXPECT_EQ(dead.complaints.size(), 1U);

  judge(dead, MachineEnd::kTimeout, kMark);
  EXPECT_EQ(dead.verdict, Verdict::kTimeout);
}

} // namespace
} // namespace kpatch::rehearse
