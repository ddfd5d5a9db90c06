// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patch_note.h"
#include "report/page.h"
#include "report/rehearsal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::report {

namespace {

using rehearse::GuestStep;
using rehearse::Rehearsal;

Section facts(const Rehearsal& rehearsal) {
  Section section{.title = "The machine", .columns = {"", ""}, .rows = {}};
  section.rows.push_back({"kernel", rehearsal.release});
  if (rehearsal.guest.booted)
    section.rows.push_back(
        {"booted in", fmt::format("{:.1f} s", rehearsal.guest.boot_seconds)});
  section.rows.push_back({"all in all", fmt::format("{:.1f} s", rehearsal.seconds)});
  return section;
}

Section patches_with_claims(const std::vector<runtime::ModuleFile>& patches) {
  Section section{.title = "Patches",
                  .columns = {"module", "version", "description", "fixes"},
                  .rows = {}};
  for (const runtime::ModuleFile& patch : patches)
    section.rows.push_back(
        {patch.name, patch.info_value("version"), patch.info_value("description"),
         fmt::to_string(fmt::join(elf::info_values(patch.info, "cve"), ", "))});
  return section;
}

std::string outcome_in_words(const GuestStep& step, const Rehearsal& rehearsal) {
  const std::string outcome = rehearsal_outcome(step);
  const bool fails = step.status && *step.status != 0 && !step.is_without_hardware();
  if (!is_as_it_must_be(step, rehearsal))
    return "✗ " + outcome + (step.status ? ", as it must not" : "");
  const bool is_check = step.action.starts_with("check");
  return "✓ " + outcome +
         (!fails     ? ""
          : is_check ? ", as it must"
                     : ", which ends nothing here");
}

/// A row with a bar that begins where the one before ended.
std::string timed_row(std::string_view what, std::string_view outcome, bool is_good,
                      double begin, double seconds, double total) {
  const double percent = total > 0 ? 100 / total : 0;
  return fmt::format("<tr{}><td>{}</td><td>{}</td><td>{:.2f} s</td>"
                     "<td class=\"time\" aria-hidden=\"true\"><span class=\"bar\" "
                     "style=\"margin-left:{:.1f}%;width:{:.1f}%\"></span></td></tr>\n",
                     is_good ? "" : " class=\"bad\"", escaped(what), escaped(outcome),
                     seconds, begin * percent, seconds * percent);
}

std::string what_of(const GuestStep& step, unsigned cycles) {
  return cycles > 1 && step.cycle > 0
             ? fmt::format("cycle {}: {}", step.cycle, rehearsal_action(step))
             : rehearsal_action(step);
}

unsigned cycles_of(const Rehearsal& rehearsal) {
  unsigned cycles = 0;
  for (const GuestStep& step : rehearsal.guest.steps)
    cycles = std::max(cycles, step.cycle);
  return cycles;
}

std::string time_line(const Rehearsal& rehearsal) {
  double total = rehearsal.guest.boot_seconds;
  for (const GuestStep& step : rehearsal.guest.steps)
    total += step.seconds;
  std::string html =
      "<table>\n<tr><th scope=\"col\">step</th><th scope=\"col\">outcome</th>"
      "<th scope=\"col\">took</th><td class=\"time\" aria-hidden=\"true\"></td></tr>\n";
  if (rehearsal.guest.booted)
    html += timed_row("boot", "✓ succeeds", true, 0, rehearsal.guest.boot_seconds, total);
  double begin = rehearsal.guest.boot_seconds;
  for (const GuestStep& step : rehearsal.guest.steps) {
    html +=
        timed_row(what_of(step, cycles_of(rehearsal)), outcome_in_words(step, rehearsal),
                  is_as_it_must_be(step, rehearsal), begin, step.seconds, total);
    begin += step.seconds;
  }
  return html + "</table>\n";
}

Section transitions(const Rehearsal& rehearsal) {
  Section section{.title = "Transitions, as the kernel dated them",
                  .columns = {"patch", "direction", "took"},
                  .rows = {}};
  for (const runtime::Transition& transition : rehearsal.transitions)
    section.rows.push_back({transition.patch,
                            transition.patching ? "patching" : "unpatching",
                            fmt::format("{:.2f} s", transition.seconds)});
  return section;
}

/// What the checks and the programs that ran printed.
std::string output_of_steps(const Rehearsal& rehearsal) {
  std::string html;
  for (const GuestStep& step : rehearsal.guest.steps)
    if (!step.said.empty())
      html += page_fold(fmt::format("{}: {}", what_of(step, cycles_of(rehearsal)),
                                    outcome_in_words(step, rehearsal)),
                        page_lines(step.said),
                        step.action.starts_with("check") ||
                            !is_as_it_must_be(step, rehearsal));
  return html;
}

void add_lines(Page& page, std::string_view title,
               const std::vector<std::string>& lines) {
  if (lines.empty())
    return;
  page.add_heading(title);
  page.add(page_lines(lines));
}

void add_kernel_log(Page& page, const Rehearsal& rehearsal) {
  add_lines(page, "✗ The kernel complained", rehearsal.complaints);
  add_lines(page, "Complaints of the kernel while it booted, before the patch",
            rehearsal.boot_complaints);
  add_lines(page, "The last lines of the console", rehearsal.console);
  if (rehearsal.guest.log.empty())
    return;
  page.add_heading("Log of the kernel");
  if (rehearsal.complaints.empty())
    page.add("<p>✓ It has no complaint since the patch.</p>\n");
  page.add(page_fold(fmt::format("{} lines", rehearsal.guest.log.size()),
                     page_lines(rehearsal.guest.log), false));
}

} // namespace

std::string rehearsal_page(const Rehearsal& rehearsal,
                           const std::vector<runtime::ModuleFile>& patches) {
  const bool passed = rehearsal.verdict == rehearse::Verdict::kPassed;
  Page page(fmt::format("Rehearsal of {} on {}", fmt::join(rehearsal.patches, ", "),
                        rehearsal.release));
  page.add_verdict(passed ? Mark::kGood : Mark::kBad,
                   passed ? "Passed: " + rehearsal.reason
                          : fmt::format("Failed ({}): {}", to_string(rehearsal.verdict),
                                        rehearsal.reason));
  page.add_table(patches_with_claims(patches));
  page.add_table(facts(rehearsal));
  page.add_heading("Steps");
  page.add(time_line(rehearsal));
  page.add_table(transitions(rehearsal));
  if (const std::string output = output_of_steps(rehearsal); !output.empty()) {
    page.add_heading("What the steps printed");
    page.add(output);
  }
  add_kernel_log(page, rehearsal);
  return page.text();
}

} // namespace kpatch::report
