// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/update_report.h"

#include "base/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace kpatch::report {

namespace {

using produce::BuildOutcome;
using produce::BuildResult;
using produce::UnitOutcome;
using produce::UnitResult;

/// "net/ipv4" of "net/ipv4/tcp.c": how the kernel's maintainers divide it, roughly.
std::string subsystem_of(const std::string& file) {
  const std::size_t first = file.find('/');
  if (first == std::string::npos)
    return file;
  const std::size_t second = file.find('/', first + 1);
  return file.substr(0, second == std::string::npos ? first : second);
}

std::string count(std::size_t number, std::string_view one, std::string_view several) {
  return fmt::format("{} {}", number, number == 1 ? one : several);
}

std::string reasons_not_in_kernel(const BuildResult& result) {
  std::map<std::string, std::size_t> reasons;
  for (const patch::LeftOut& file : result.left_out)
    ++reasons[patch::name_of(file.why)];
  std::vector<std::string> texts;
  for (const auto& [reason, number] : reasons)
    texts.push_back(fmt::format("{}: {}", reason, number));
  return fmt::to_string(fmt::join(texts, ", "));
}

Section numbers(const BuildResult& result) {
  const Totals totals = totals_of(result);
  Section section{.title = "Numbers", .columns = {"", ""}, .rows = {}};
  section.rows = {
      {"in the module",
       fmt::format("{}, {} in {}", count(totals.units_in, "unit", "units"),
                   count(totals.functions, "function", "functions"),
                   count(totals.objects, "object", "objects"))},
      {"no effect here", count(totals.units_without_effect, "unit", "units")},
      {"needs a reboot", count(totals.needs_reboot, "change", "changes")},
      {"not in this kernel",
       count(totals.not_in_kernel, "file", "files") +
           (result.left_out.empty() ? "" : " (" + reasons_not_in_kernel(result) + ")")}};
  return section;
}

Section needing_reboot(const BuildResult& result) {
  Section section{.title = "Needs a reboot",
                  .columns = {"subsystem", "change", "reason"},
                  .rows = {}};
  for (const patch::LeftForReboot& part : result.needs_reboot)
    section.rows.push_back(
        {subsystem_of(part.files.empty() ? part.unit : part.files.front()),
         part.subject.empty() ? part.change
                              : fmt::format("{} ({})", part.change, part.subject),
         fmt::format("{}{}{}", part.reason,
                     part.code.empty() ? "" : " [" + part.code + "]",
                     part.is_consequence ? "; depends on what is left out" : "")});
  std::ranges::sort(section.rows);
  return section;
}

Section refused(const BuildResult& result) {
  Section section{
      .title = "Refused", .columns = {"subsystem", "unit", "reason"}, .rows = {}};
  for (const UnitResult& unit : result.units)
    for (const Problem& problem : unit.problems)
      section.rows.push_back(
          {subsystem_of(unit.unit), unit.unit,
           fmt::format("{}: {} [{}]", problem.symbol, problem.message, problem.code)});
  std::ranges::sort(section.rows);
  return section;
}

Section in_the_module(const BuildResult& result) {
  Section section{.title = "In the module",
                  .columns = {"subsystem", "unit", "functions"},
                  .rows = {}};
  for (const UnitResult& unit : result.units) {
    if (unit.outcome != UnitOutcome::kChanged)
      continue;
    std::vector<std::string> names;
    for (const produce::FunctionChange& function : unit.functions)
      names.push_back(function.name);
    section.rows.push_back({subsystem_of(unit.unit),
                            fmt::format("{} ({})", unit.unit, unit.owner),
                            fmt::to_string(fmt::join(names, ", "))});
  }
  std::ranges::sort(section.rows);
  return section;
}

Section patches_of_series(const BuildResult& result) {
  Section section{.title = "Patches", .columns = {"state", "CVE", "patch"}, .rows = {}};
  for (const produce::SeriesPatch& patch : result.series)
    section.rows.push_back({std::string(name_of(state_of(patch, result))),
                            fmt::to_string(fmt::join(patch.cves, ", ")),
                            patch.subject.empty()
                                ? patch.name
                                : fmt::format("{} ({})", patch.subject, patch.name)});
  return section;
}

} // namespace

std::string_view name_of(PatchState state) {
  switch (state) {
  case PatchState::kLive: return "live";
  case PatchState::kNeedsReboot: return "needs-reboot";
  case PatchState::kNotAffected: return "not-affected";
  case PatchState::kNotBuilt: return "not-built";
  }
  return "";
}

PatchState state_of(const produce::SeriesPatch& patch, const BuildResult& result) {
  // What is left out is a patch, or something in a file, whoever changes that.
  const auto is_of_this = [&](const patch::LeftForReboot& part) {
    if (std::ranges::count(result.series, part.change, &produce::SeriesPatch::name) > 0)
      return part.change == patch.name;
    return std::ranges::any_of(part.files, [&](const std::string& file) {
      return std::ranges::count(patch.files, file) > 0;
    });
  };
  if (std::ranges::any_of(result.needs_reboot, is_of_this))
    return PatchState::kNeedsReboot;
  const bool has_part = std::ranges::any_of(patch.files, [&](const std::string& file) {
    return std::ranges::count(result.left_out, file, &patch::LeftOut::path) == 0;
  });
  if (!has_part)
    return PatchState::kNotAffected;
  return result.outcome == BuildOutcome::kBuilt ? PatchState::kLive
                                                : PatchState::kNotBuilt;
}

Totals totals_of(const BuildResult& result) {
  Totals totals{.needs_reboot = result.needs_reboot.size(),
                .not_in_kernel = result.left_out.size()};
  std::set<std::string> objects;
  for (const UnitResult& unit : result.units) {
    totals.units_without_effect += unit.outcome == UnitOutcome::kUnchanged;
    if (unit.outcome != UnitOutcome::kChanged)
      continue;
    ++totals.units_in;
    totals.functions += unit.functions.size();
    objects.insert(unit.owner);
  }
  totals.objects = objects.size();
  return totals;
}

std::string update_heading(const BuildResult& result) {
  const std::string kernel =
      result.source_version.empty()
          ? result.release
          : fmt::format("{} ({})", result.release, result.source_version);
  return result.outcome == BuildOutcome::kBuilt
             ? fmt::format("{} for {}", result.module_name, kernel)
             : fmt::format("No module for {}: {}", kernel, first_line(result.message));
}

std::vector<Section> update_sections(const BuildResult& result) {
  std::vector<Section> sections{numbers(result), patches_of_series(result),
                                needing_reboot(result), in_the_module(result)};
  std::erase_if(sections, [](const Section& section) { return section.rows.empty(); });
  return sections;
}

std::string update_text(const BuildResult& result) {
  std::string text = update_heading(result) + "\n";
  std::vector<Section> sections = update_sections(result);
  if (Section problems = refused(result); !problems.rows.empty())
    sections.insert(sections.begin() + 1, std::move(problems));
  for (const Section& section : sections) {
    text += "\n" + section.title + "\n";
    std::size_t width = 0;
    for (const auto& row : section.rows)
      width = std::max(width, row.front().size());
    for (const auto& row : section.rows) {
      std::string rest;
      for (std::size_t i = 1; i < row.size(); ++i)
        if (!row[i].empty())
          rest += (rest.empty() ? "" : ": ") + row[i];
      text += fmt::format("  {:{}}  {}\n", row.front(), width, rest);
    }
  }
  return text;
}

} // namespace kpatch::report
