// SPDX-License-Identifier: GPL-2.0-or-later
//
// Judging is apart from running, since every way to fail must be told from the others and
// few of them can be provoked at will in a real machine. The first thing that went wrong
// gives the verdict; a complaint of the kernel counts only if all else held.
#include "rehearse/rehearse.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kpatch::rehearse {

namespace {

constexpr std::array kVerdictNames = {
    "passed",        "no-boot",  "module-not-loaded", "check-before", "load",
    "check-patched", "unload",   "check-after",       "log",          "crashed",
    "timeout",       "rollback",
};

/// What each action of the guest must come to, and what it means if it does not.
struct Expectation {
  std::string_view action;
  bool success;
  Verdict otherwise;
  std::string_view sentence; ///< {}: subject
};
constexpr Expectation kExpectations[] = {
    {"module", true, Verdict::kModuleNotLoaded, "the kernel module {} does not load"},
    {"check-before", false, Verdict::kCheckBefore,
     "the check succeeds before the patch is loaded, so it proves nothing"},
    {"load", true, Verdict::kLoad, "{} does not load"},
    {"check-patched", true, Verdict::kCheckPatched,
     "the check fails while the patch is loaded"},
    {"unload", true, Verdict::kUnload, "{} does not unload"},
    {"upgrade", true, Verdict::kLoad, "{} does not take the place of what was loaded"},
    {"rollback", true, Verdict::kRollback, "cannot return from {}"},
    {"check-after", false, Verdict::kCheckAfter,
     "the check still succeeds after the patch is unloaded"},
};

const Expectation* expectation_of(const GuestStep& step) {
  const auto found = std::ranges::find(kExpectations, step.action, &Expectation::action);
  return found == std::end(kExpectations) ? nullptr : found;
}

std::string where(const GuestStep& step) {
  return step.cycle ? fmt::format("cycle {}: ", step.cycle) : "";
}

/// The first step that came to another end than it must.
bool judge_steps(Rehearsal& rehearsal) {
  for (const GuestStep& step : rehearsal.guest.steps) {
    if (!step.status || is_as_it_must_be(step, rehearsal))
      continue;
    const Expectation& expected = *expectation_of(step);
    rehearsal.verdict = expected.otherwise;
    rehearsal.reason =
        where(step) + fmt::format(fmt::runtime(expected.sentence), step.subject);
    return false;
  }
  return true;
}

std::string last_action(const GuestRecord& guest) {
  if (!guest.booted)
    return "booting";
  if (guest.steps.empty())
    return "preparing";
  const GuestStep& step = guest.steps.back();
  return fmt::format("{}{} {}", where(step), step.action, step.subject);
}

void judge_end(Rehearsal& rehearsal, MachineEnd end) {
  if (end == MachineEnd::kTimeout) {
    rehearsal.verdict = Verdict::kTimeout;
    rehearsal.reason =
        fmt::format("the time was up during: {}", last_action(rehearsal.guest));
  } else if (!rehearsal.guest.booted) {
    rehearsal.verdict = Verdict::kNoBoot;
    rehearsal.reason = "the kernel did not boot";
  } else {
    rehearsal.verdict = Verdict::kCrashed;
    rehearsal.reason =
        fmt::format("the machine died during: {}", last_action(rehearsal.guest));
  }
}

void read_log(Rehearsal& rehearsal, std::string_view mark) {
  const std::vector<std::string>& log = rehearsal.guest.log;
  const auto begin = std::ranges::find_if(
      log, [&](const std::string& line) { return line.find(mark) != std::string::npos; });
  const std::size_t booting = begin == log.end() ? 0 : begin - log.begin();
  const std::span all(log);
  rehearsal.boot_complaints = runtime::find_complaints(all.first(booting));
  rehearsal.complaints = runtime::find_complaints(all.subspan(booting));
  rehearsal.transitions = runtime::find_transitions(all.subspan(booting));
  for (const std::string& taint : runtime::describe_new_taints(
           rehearsal.guest.taint_before, rehearsal.guest.taint_after))
    rehearsal.complaints.push_back(taint);
}

} // namespace

std::string_view to_string(Verdict verdict) {
  return kVerdictNames.at(static_cast<std::size_t>(verdict));
}

bool is_as_it_must_be(const GuestStep& step, const Rehearsal& rehearsal) {
  if (!step.status)
    return false;
  const Expectation* expected = expectation_of(step);
  if (!expected || (*step.status == 0) == expected->success)
    return true;
  // A livepatch for a module that is not there loads as well; the report says the rest.
  return (rehearsal.each && expected->otherwise == Verdict::kModuleNotLoaded) ||
         step.is_without_hardware();
}

void judge(Rehearsal& rehearsal, MachineEnd end, std::string_view mark) {
  read_log(rehearsal, mark);
  if (!rehearsal.guest.complete) {
    // Without the guest's own report of the log, the console is all there is.
    rehearsal.complaints = runtime::find_complaints(rehearsal.console);
    return judge_end(rehearsal, end);
  }
  if (!judge_steps(rehearsal))
    return;
  if (!rehearsal.complaints.empty()) {
    rehearsal.verdict = Verdict::kLog;
    rehearsal.reason =
        fmt::format("the kernel complained: {}", rehearsal.complaints.front());
    return;
  }
  rehearsal.verdict = Verdict::kPassed;
  rehearsal.reason = "all held";
}

} // namespace kpatch::rehearse
