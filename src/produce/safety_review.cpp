// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hands the changed units to the review, each once: a unit that is part of several
// modules is the same code in all of them.
#include "produce/safety_review.h"

#include "base/error.h"
#include "elf/object.h"
#include "produce/touched_types.h"
#include "review/review.h"
#include "special/klp_callbacks.h"

#include <algorithm>
#include <deque>

namespace kpatch::produce {

namespace {

std::set<std::string, std::less<>> replaced_functions(const UnitResult& result) {
  std::set<std::string, std::less<>> names;
  for (const FunctionChange& function : result.functions)
    if (!function.is_new)
      names.insert(function.name);
  return names;
}

/// The types that the patch changes and that are still to be looked at.
class WantedTypes {
 public:
  WantedTypes(const compile::Workshop& shop, const patch::PatchedView& view,
              std::span<const patch::TouchedFile> touched)
      : shop_(shop), view_(view), by_file_(touched_types(view, touched)) {}

  /// A type of a header is the same in all units, so one that has been seen is enough.
  void add_to(review::ReviewedUnit& unit, const std::set<std::string>& read) {
    if (by_file_.empty() || shop_.added.units.contains(unit.unit))
      return;
    const std::set<std::string> wanted = defined_in(read);
    if (wanted.empty())
      return;
    TypesOfUnit types = types_of_unit(shop_, view_, unit.unit, wanted);
    for (const auto& [name, layout] : types.original)
      for (auto& [file, names] : by_file_)
        names.erase(name);
    unit.original_types = std::move(types.original);
    unit.patched_types = std::move(types.patched);
  }

 private:
  std::set<std::string> defined_in(const std::set<std::string>& files) const {
    std::set<std::string> names;
    for (const std::string& file : files)
      if (const auto types = by_file_.find(file); types != by_file_.end())
        names.insert(types->second.begin(), types->second.end());
    return names;
  }

  const compile::Workshop& shop_;
  const patch::PatchedView& view_;
  std::map<std::string, std::set<std::string>> by_file_;
};

} // namespace

std::vector<Problem> review_units(const compile::Workshop& shop,
                                  const patch::PatchedView& view,
                                  std::span<const patch::TouchedFile> touched,
                                  std::span<const compile::UnitObjects> objects,
                                  std::span<const UnitResult> results) {
  WantedTypes wanted(shop, view, touched);
  std::deque<elf::Object> sides; // keeps its elements where they are
  std::vector<review::ReviewedUnit> units;
  for (const compile::UnitObjects& unit : objects) {
    const auto result = std::ranges::find_if(results, [&](const UnitResult& candidate) {
      return candidate.unit == unit.unit && (candidate.outcome == UnitOutcome::kChanged ||
                                             candidate.outcome == UnitOutcome::kRefused);
    });
    if (result == results.end())
      continue;
    elf::Object& original = sides.emplace_back(elf::read_object(unit.original));
    elf::Object& patched = sides.emplace_back(elf::read_object(unit.patched));
    special::name_klp_callbacks(patched);
    review::keep_what_is_reviewed(original);
    review::keep_what_is_reviewed(patched);
    units.push_back({unit.unit, original, patched, replaced_functions(*result)});
    wanted.add_to(units.back(), unit.read);
  }
  return review::review(units);
}

std::string warning_text(const Problem& finding) {
  return fmt::format("WARNING: {}: {}: {} [{}]\n  {}", finding.object, finding.symbol,
                     finding.message, finding.code, finding.remedy);
}

} // namespace kpatch::produce
