// SPDX-License-Identifier: GPL-2.0-or-later
//
// The page has what the text has, and what only who looks closer asks for: why each
// function is in, how far the code is proven, remedies, the source.
#include "base/text.h"
#include "elf/patch_note.h"
#include "report/page.h"
#include "report/source_changes.h"
#include "report/update_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kpatch::report {

namespace {

using produce::BuildResult;
using produce::UnitOutcome;
using produce::UnitResult;

Section claims(const BuildResult& result) {
  Section section{
      .title = "What the module says of itself", .columns = {"", ""}, .rows = {}};
  for (const char* key : {"version", "description", "author", "url"})
    for (const std::string& value : elf::info_values(result.info, key))
      section.rows.push_back({key, value});
  const std::vector<std::string> cves = elf::info_values(result.info, "cve");
  if (!cves.empty())
    section.rows.push_back({"fixes", fmt::to_string(fmt::join(cves, ", "))});
  return section;
}

void add_problems(Section& section, const std::vector<Problem>& problems) {
  for (const Problem& problem : problems)
    section.rows.push_back({problem.code,
                            problem.symbol.empty()
                                ? problem.object
                                : fmt::format("{}: {}", problem.object, problem.symbol),
                            problem.message, problem.remedy});
}

Section problems_with_remedies(const BuildResult& result) {
  Section section{.title = "Problems",
                  .columns = {"code", "where", "what is wrong", "what to do"},
                  .rows = {}};
  add_problems(section, result.problems);
  for (const UnitResult& unit : result.units)
    add_problems(section, unit.problems);
  return section;
}

Section findings(const BuildResult& result) {
  Section section{.title = "Found by the review",
                  .columns = {"code", "where", "what can go wrong", "what to do"},
                  .rows = {}};
  add_problems(section, result.warnings);
  return section;
}

Section reasons(const BuildResult& result) {
  Section section{.title = "Why each function is in",
                  .columns = {"function", "unit", "why"},
                  .rows = {}};
  for (const UnitResult& unit : result.units)
    if (unit.outcome == UnitOutcome::kChanged)
      for (const produce::FunctionChange& function : unit.functions)
        section.rows.push_back(
            {function.name, fmt::format("{} ({})", unit.unit, unit.owner),
             function.is_new ? "new: " + function.because : function.because});
  return section;
}

Section proofs(const BuildResult& result) {
  Section section{.title = "Proof that the original's code is what runs",
                  .columns = {"unit", "functions of it", "equal to the kernel's",
                              "not in the kernel", "references read"},
                  .rows = {}};
  for (const UnitResult& unit : result.units)
    if (unit.outcome == UnitOutcome::kChanged)
      section.rows.push_back(
          {fmt::format("{} ({})", unit.unit, unit.owner),
           std::to_string(unit.proof.functions), std::to_string(unit.proof.equal),
           std::to_string(unit.proof.absent), std::to_string(unit.proof.references)});
  return section;
}

Section overridden(const BuildResult& result) {
  Section section{.title = "Overridden by --force",
                  .columns = {"code", "where", "what is wrong", "what to do"},
                  .rows = {}};
  for (const UnitResult& unit : result.units)
    add_problems(section, unit.proof.overridden);
  return section;
}

std::string verdict_of(const BuildResult& result) {
  switch (result.outcome) {
  case produce::BuildOutcome::kBuilt: return "Built";
  case produce::BuildOutcome::kNoChange: return "No change";
  case produce::BuildOutcome::kNotAffected: return "Not affected";
  case produce::BuildOutcome::kRefused: return "Refused";
  case produce::BuildOutcome::kFailed: return "Failed";
  }
  return "";
}

void add_verdict_of(Page& page, const BuildResult& result) {
  const bool built = result.outcome == produce::BuildOutcome::kBuilt;
  const bool good = built || result.outcome == produce::BuildOutcome::kNotAffected;
  const std::string_view first = first_line(result.message);
  std::string text = verdict_of(result);
  if (built && !result.needs_reboot.empty())
    text += "; some of the change needs a reboot";
  if (!first.empty())
    text += fmt::format(": {}", first);
  if (!result.remedy.empty())
    text += "; " + result.remedy;
  page.add_verdict(good ? Mark::kGood : Mark::kBad, text);
  if (first.size() < result.message.size())
    page.add(page_lines({result.message.substr(first.size() + 1)}));
}

} // namespace

std::string update_page(const BuildResult& result) {
  Page page(update_heading(result));
  add_verdict_of(page, result);
  page.add_table(claims(result));
  for (const Section& section : update_sections(result))
    page.add_table(section);
  page.add_table(problems_with_remedies(result));
  page.add_table(findings(result));
  page.add_table(reasons(result));
  page.add_table(proofs(result));
  page.add_table(overridden(result));
  if (const std::string changes = source_changes(result); !changes.empty()) {
    page.add_heading("Changes of the source");
    page.add(changes);
  }
  return page.text();
}

} // namespace kpatch::report
