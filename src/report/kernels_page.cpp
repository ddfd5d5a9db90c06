// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel a row, then what differs between them: on which of them a function, a patch or
// a problem is.
#include "base/text.h"
#include "report/json_text.h"
#include "report/kernels_report.h"
#include "report/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace kpatch::report {

namespace {

/// A member of a member; null if there is none: the report of a build that ended early
/// has not all.
template <typename... Keys>
const Json& at(const Json& json, const Keys&... keys) {
  static const Json kNull;
  const Json* now = &json;
  for (const char* key : {static_cast<const char*>(keys)...})
    now = now->is_object() && now->contains(key) ? &(*now)[key] : &kNull;
  return *now;
}

std::string text(const Json& json) {
  return json.is_string() ? json.get<std::string>() : "";
}

std::string release(const Json& kernel) {
  return text(at(kernel, "kernel", "release"));
}

/// A sign and the word: a colour would be for some only.
std::string verdict(const Json& kernel) {
  const std::string result = text(at(kernel, "result"));
  if (result == "built")
    return at(kernel, "needs_reboot").empty() ? "✓ built" : "✓ built in part";
  if (result == "not-affected")
    return "✓ not affected";
  return result == "no-change" ? "✗ no change" : "✗ " + result;
}

std::string counted(const Json& number, std::string_view what) {
  const auto n = number.is_number_integer() ? number.get<std::int64_t>() : 0;
  return n == 0 ? "–" : fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::vector<Json> problems_of(const Json& kernel) {
  std::vector<Json> all;
  for (const Json& problem : at(kernel, "problems"))
    all.push_back(problem);
  for (const Json& unit : at(kernel, "units"))
    for (const Json& problem : at(unit, "problems"))
      all.push_back(problem);
  return all;
}

std::string codes(const Json& kernel) {
  const std::vector<Json> problems = problems_of(kernel);
  std::set<std::string> names;
  for (const Json& problem : problems)
    names.insert(text(at(problem, "code")));
  return names.empty() ? "–"
                       : fmt::format("{}: {}", counted(Json(problems.size()), "problem"),
                                     fmt::join(names, ", "));
}

std::string module_or_reason(const Json& kernel) {
  const std::string module = text(at(kernel, "module", "path"));
  return module.empty() ? std::string(first_line(text(at(kernel, "message")))) : module;
}

Section matrix(const Json& kernels) {
  Section section{.title = "Kernels",
                  .columns = {"kernel", "result", "functions", "need a reboot",
                              "problems", "module, or why there is none"},
                  .rows = {},
                  .has_row_headings = true};
  for (const Json& kernel : kernels)
    section.rows.push_back({release(kernel), verdict(kernel),
                            counted(at(kernel, "totals", "functions"), "function"),
                            counted(Json(at(kernel, "needs_reboot").size()), "change"),
                            codes(kernel), module_or_reason(kernel)});
  return section;
}

/// What is true of which kernels, in the order in which it was first seen.
class Spread {
 public:
  using Row = std::vector<std::string>;

  void add(const Row& what, const std::string& kernel) {
    auto found = std::ranges::find(rows_, what, &Entry::first);
    if (found == rows_.end())
      found = rows_.insert(rows_.end(), {what, {}});
    if (std::ranges::find(found->second, kernel) == found->second.end())
      found->second.push_back(kernel);
  }

  /// With a last column that names the kernels, of which there are `count`.
  void fill(Section& section, std::size_t count) const {
    for (const auto& [what, kernels] : rows_) {
      section.rows.push_back(what);
      section.rows.back().push_back(kernels.size() == count
                                        ? "all kernels"
                                        : fmt::to_string(fmt::join(kernels, ", ")));
    }
  }

 private:
  using Entry = std::pair<Row, std::vector<std::string>>;
  std::vector<Entry> rows_;
};

Section problems(const Json& kernels) {
  Section section{.title = "Problems",
                  .columns = {"code", "where", "what is wrong", "what to do", "kernels"},
                  .rows = {},
                  .has_row_headings = true};
  Spread spread;
  for (const Json& kernel : kernels)
    for (const Json& problem : problems_of(kernel)) {
      const std::string symbol = text(at(problem, "symbol"));
      const std::string object = text(at(problem, "object"));
      spread.add({text(at(problem, "code")),
                  symbol.empty() ? object : fmt::format("{}: {}", object, symbol),
                  text(at(problem, "message")), text(at(problem, "remedy"))},
                 release(kernel));
    }
  spread.fill(section, kernels.size());
  return section;
}

Section series(const Json& kernels) {
  Section section{.title = "Patches",
                  .columns = {"patch", "state", "kernels"},
                  .rows = {},
                  .has_row_headings = true};
  Spread spread;
  for (const Json& kernel : kernels)
    for (const Json& patch : at(kernel, "series"))
      spread.add({text(at(patch, "patch")), text(at(patch, "state"))}, release(kernel));
  spread.fill(section, kernels.size());
  return section;
}

Section functions(const Json& kernels) {
  Section section{.title = "Functions of the modules",
                  .columns = {"function", "unit", "change", "kernels"},
                  .rows = {},
                  .has_row_headings = true};
  Spread spread;
  for (const Json& kernel : kernels)
    if (at(kernel, "result") == "built")
      for (const Json& unit : at(kernel, "units"))
        for (const Json& function : at(unit, "functions"))
          spread.add({text(at(function, "name")), text(at(unit, "unit")),
                      text(at(function, "change"))},
                     release(kernel));
  spread.fill(section, kernels.size());
  return section;
}

/// What the verdict says, for the whole run.
std::string summary(const Json& all) {
  const std::string result = text(at(all, "result"));
  if (result == "built")
    return "Each kernel that the patch affects has its module";
  if (result == "not-affected")
    return "The patch affects none of the kernels";
  const auto built = std::ranges::count_if(
      all["kernels"], [](const Json& kernel) { return at(kernel, "result") == "built"; });
  return fmt::format("{} of {} kernels have a module", built, all["kernels"].size());
}

std::string title(const Json& kernels) {
  for (const Json& kernel : kernels)
    if (const std::string name = text(at(kernel, "module", "name")); !name.empty())
      return fmt::format("{} for {} kernels", name, kernels.size());
  return fmt::format("A patch for {} kernels", kernels.size());
}

} // namespace

std::string kernels_page(const std::vector<KernelReport>& reports) {
  const Json all = Json::parse(kernels_json(reports));
  const Json& kernels = all["kernels"];
  Page page(title(kernels));
  page.add_verdict(kernels_status(reports) == 1 ? Mark::kBad : Mark::kGood, summary(all));
  page.add_table(matrix(kernels));
  page.add_table(problems(kernels));
  page.add_table(series(kernels));
  page.add_table(functions(kernels));
  return page.text();
}

} // namespace kpatch::report
