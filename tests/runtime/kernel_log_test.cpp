// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/kernel_log.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(KernelLog, OrdinaryLivepatchLinesAreNoComplaint) {
  const std::vector<std::string> log = {
      "[    3.1] klp_a: loading out-of-tree module taints kernel.",
      "[    3.1] klp_a: module verification failed: signature and/or required key "
      "missing "
      "- tainting kernel",
      "[    3.2] klp_a: tainting kernel with TAINT_LIVEPATCH",
      "[    3.3] livepatch: enabling patch 'klp_a'",
      "[    3.4] livepatch: 'klp_a': starting patching transition",
      "[    4.4] livepatch: 'klp_a': patching complete",
      "[   19.4] livepatch: signaling remaining tasks",
      "[    4.5] livepatch: applying patch 'klp_a' to loading module 'ip_vs'",
  };
  EXPECT_THAT(find_complaints(log), IsEmpty());
}

TEST(KernelLog, FindsWhatNoHealthyKernelPrints) {
  const std::vector<std::string> log = {
      "[    3.1] WARNING: CPU: 0 PID: 1 at a.c:7 f+0x5/0x21",
      "[    3.1] Call Trace:",
      "[    3.2] BUG: kernel NULL pointer dereference, address: 0",
      "[    3.2] Oops: 0000 [#1] PREEMPT SMP",
      "[    3.3] general protection fault, probably for non-canonical address",
      "[    3.4] Unpatched return thunk in use. This should not happen!",
      "[    3.5] livepatch: symbol 'x' not found in symbol table",
      "[    3.6] klp_a: Unknown symbol y (err -2)",
      "[    3.7] usb 1-1: harmless",
  };
  EXPECT_THAT(find_complaints(log),
              ElementsAre("WARNING: CPU: 0 PID: 1 at a.c:7 f+0x5/0x21",
                          "Call Trace:", HasSubstr("BUG:"), HasSubstr("Oops"),
                          HasSubstr("general"), HasSubstr("return thunk"),
                          HasSubstr("not found"), HasSubstr("Unknown symbol")));
}

TEST(KernelLog, TimesTransitionsByTheKernelsOwnClock) {
  const std::vector<std::string> log = {
      "[    3.500000] livepatch: 'klp_a': starting patching transition",
      "[    4.750000] livepatch: 'klp_a': patching complete",
      "[    9.000000] livepatch: 'klp_a': starting unpatching transition",
      "[   11.000000] livepatch: 'klp_a': unpatching complete",
      "[   12.000000] livepatch: 'klp_b': patching complete",
  };
  const std::vector<Transition> transitions = find_transitions(log);
  ASSERT_EQ(transitions.size(), 2U);
  EXPECT_EQ(transitions[0].patch, "klp_a");
  EXPECT_TRUE(transitions[0].patching);
  EXPECT_DOUBLE_EQ(transitions[0].seconds, 1.25);
  EXPECT_FALSE(transitions[1].patching);
  EXPECT_DOUBLE_EQ(transitions[1].seconds, 2);
}

TEST(KernelLog, OnlyNewAlarmingTaintsCount) {
  EXPECT_THAT(describe_new_taints(0, 32768 + 8192 + 4096), IsEmpty());
  EXPECT_THAT(describe_new_taints(512, 512), IsEmpty());
  EXPECT_THAT(describe_new_taints(512, 512 + 128),
              ElementsAre("the kernel became tainted D: the kernel died (Oops)"));
}

} // namespace
} // namespace kpatch::runtime
