// SPDX-License-Identifier: GPL-2.0-or-later
//
// A task moves to the patched code when no replaced function is on its stack. Some
// functions always are: the main function of a kernel thread that sleeps in it, and what
// every sleeping task is inside of. Processes get a signal that brings them out of the
// kernel; for threads of the kernel there is none, and the transition may never end.
#include "base/error.h"
#include "review/review_rules.h"

#include <algorithm>
#include <array>
#include <span>

namespace kpatch::review {

namespace {

/// A thread's main function asks these in its loop.
constexpr std::array<std::string_view, 4> kThreadQuestions = {
    "kthread_should_stop", "kthread_should_stop_or_park", "kthread_freezable_should_stop",
    "kthread_should_park"};

constexpr std::array<std::string_view, 4> kThreadMakers = {
    "kthread_create_on_node", "kthread_create_on_cpu", "kernel_thread",
    "user_mode_thread"};
constexpr std::array<std::string_view, 12> kSleeps = {"schedule",
                                                      "schedule_timeout",
                                                      "schedule_timeout_interruptible",
                                                      "schedule_timeout_uninterruptible",
                                                      "schedule_timeout_killable",
                                                      "schedule_timeout_idle",
                                                      "schedule_hrtimeout_range",
                                                      "io_schedule",
                                                      "msleep",
                                                      "msleep_interruptible",
                                                      "usleep_range_state",
                                                      "prepare_to_wait_event"};

/// What some task is inside of at any time.
constexpr std::array<std::string_view, 19> kAlwaysRunning = {
    "schedule",          "__schedule",       "schedule_timeout", "io_schedule",
    "schedule_idle",     "preempt_schedule", "do_idle",          "cpu_startup_entry",
    "start_secondary",   "rest_init",        "kthread",          "kthreadd",
    "kthread_worker_fn", "worker_thread",    "rescuer_thread",   "smpboot_thread_fn",
    "rcu_gp_kthread",    "kswapd",           "kcompactd"};

bool has_any_of(const Names& names, std::span<const std::string_view> wanted) {
  return std::ranges::any_of(wanted,
                             [&](std::string_view name) { return names.contains(name); });
}

/// Whether code that a thread is made in takes the function's address.
bool is_handed_to_a_thread(const CallMap& calls, std::string_view function) {
  return std::ranges::any_of(calls.takers(function), [&](const std::string& taker) {
    return has_any_of(calls.direct(taker), kThreadMakers);
  });
}

/// A main function asks whether to stop, or sleeps, and is what a thread is made of. It
/// may do both through functions of the unit; what another unit does is not known.
bool is_thread(const CallMap& calls, std::string_view function) {
  if (calls.has_taken_address(function) &&
      has_any_of(calls.direct(function), kThreadQuestions))
    return true;
  if (!is_handed_to_a_thread(calls, function))
    return false;
  const Names reached = calls.reached_in_unit(function);
  return has_any_of(reached, kThreadQuestions) || has_any_of(reached, kSleeps);
}

} // namespace

std::vector<Problem> find_always_running(const PatchView& patch) {
  std::vector<Problem> findings;
  for (const UnitView& unit : patch)
    for (const std::string& function : unit.unit.replaced) {
      const bool known =
          std::ranges::find(kAlwaysRunning, function) != kAlwaysRunning.end();
      if (!known && !is_thread(unit.original, function))
        continue;
      findings.push_back(
          {.code = "KP4004",
           .object = unit.label(),
           .symbol = function,
           .message =
               fmt::format("{}, so that a task is inside of it at any time and the "
                           "transition may never end",
                           known ? "tasks sleep and wait in it"
                                 : "it is the main function of a kernel thread"),
           .remedy = "make the change in a function that it calls and that returns"});
    }
  return findings;
}

} // namespace kpatch::review
