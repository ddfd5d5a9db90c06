// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/rehearsal.h"

#include "report/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kpatch::report {

namespace {

using rehearse::GuestStep;
using rehearse::Rehearsal;
using rehearse::Verdict;
using runtime::Transition;

void append_lines(std::string& text, const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    text += fmt::format("      {}\n", line);
}

void append_steps(std::string& text, const Rehearsal& rehearsal) {
  unsigned cycle = 0;
  for (const GuestStep& step : rehearsal.guest.steps) {
    if (step.cycle != cycle)
      text += fmt::format("  cycle {}\n", step.cycle);
    cycle = step.cycle;
    text += fmt::format("    {}\n", rehearsal_step_text(step));
    const bool is_check = step.action.starts_with("check");
    if (is_check || step.status != 0)
      append_lines(text, step.said);
  }
}

Json step_json(const GuestStep& step) {
  Json json = {{"cycle", step.cycle},
               {"action", step.action},
               {"subject", step.subject},
               {"seconds", rounded(step.seconds)},
               {"said", step.said}};
  json["status"] = step.status ? Json(*step.status) : Json();
  return json;
}

Json transition_json(const Transition& transition) {
  return {{"patch", transition.patch},
          {"direction", transition.patching ? "patching" : "unpatching"},
          {"seconds", rounded(transition.seconds)}};
}

} // namespace

std::string rehearsal_action(const GuestStep& step) {
  if (step.action == "check-before")
    return "check before loading";
  if (step.action == "check-patched")
    return "check while patched";
  if (step.action == "check-after")
    return "check after unloading";
  return fmt::format("{} {}", step.action == "module" ? "load module" : step.action,
                     step.subject);
}

std::string rehearsal_outcome(const GuestStep& step) {
  if (!step.status)
    return "did not end";
  if (step.is_without_hardware())
    return "no hardware";
  return *step.status == 0 ? "succeeds" : "fails";
}

std::string rehearsal_step_text(const GuestStep& step) {
  return fmt::format("{:<40} {:<11} {:6.2f} s", rehearsal_action(step),
                     rehearsal_outcome(step), step.seconds);
}

std::string rehearsal_text(const Rehearsal& rehearsal) {
  std::string text = fmt::format("Rehearsal on {}\n", rehearsal.release);
  if (rehearsal.guest.booted)
    text += fmt::format("  booted in {:.1f} s\n", rehearsal.guest.boot_seconds);
  append_steps(text, rehearsal);
  for (const Transition& transition : rehearsal.transitions)
    text +=
        fmt::format("  {}: {} transition took {:.2f} s\n", transition.patch,
                    transition.patching ? "patching" : "unpatching", transition.seconds);
  if (!rehearsal.boot_complaints.empty()) {
    text += "  the kernel complained while booting, before the patch:\n";
    append_lines(text, rehearsal.boot_complaints);
  }
  if (!rehearsal.complaints.empty()) {
    text += "  the kernel complained:\n";
    append_lines(text, rehearsal.complaints);
  } else if (rehearsal.guest.complete) {
    text += "  kernel log: clean\n";
  }
  if (!rehearsal.console.empty()) {
    text += "  the last lines of the console:\n";
    append_lines(text, rehearsal.console);
  }
  text += rehearsal.verdict == Verdict::kPassed
              ? fmt::format("PASSED in {:.1f} s\n", rehearsal.seconds)
              : fmt::format("FAILED ({}): {}\n", to_string(rehearsal.verdict),
                            rehearsal.reason);
  return text;
}

std::string rehearsal_json(const Rehearsal& rehearsal) {
  Json json = json_head("kpatch-rehearsal");
  json.update({{"verdict", to_string(rehearsal.verdict)},
               {"reason", rehearsal.reason},
               {"kernel", rehearsal.release},
               {"patches", rehearsal.patches},
               {"seconds", rounded(rehearsal.seconds)},
               {"boot_seconds", rounded(rehearsal.guest.boot_seconds)},
               {"steps", Json::array()},
               {"transitions", Json::array()},
               {"complaints", rehearsal.complaints},
               {"boot_complaints", rehearsal.boot_complaints},
               {"console", rehearsal.console},
               {"kernel_log", rehearsal.guest.log}});
  for (const GuestStep& step : rehearsal.guest.steps)
    json["steps"].push_back(step_json(step));
  for (const Transition& transition : rehearsal.transitions)
    json["transitions"].push_back(transition_json(transition));
  // What the guest prints need not be UTF-8.
  return json_file(json);
}

} // namespace kpatch::report
