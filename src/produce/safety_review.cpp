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

/// A type of a header is the same in all units, so one that has been seen is enough.
void add_types(const compile::Workshop& shop, const patch::PatchedView& view,
               std::set<std::string>& wanted, review::ReviewedUnit& unit) {
  TypesOfUnit types = types_of_unit(shop, view, unit.unit, wanted);
  for (const auto& [name, layout] : types.original)
    wanted.erase(name);
  unit.original_types = std::move(types.original);
  unit.patched_types = std::move(types.patched);
}

} // namespace

std::vector<Problem> review_units(const compile::Workshop& shop,
                                  const patch::PatchedView& view,
                                  std::span<const patch::TouchedFile> touched,
                                  std::span<const compile::UnitObjects> objects,
                                  std::span<const UnitResult> results) {
  std::set<std::string> wanted = touched_types(view, touched);
  std::deque<elf::Object> sides; // keeps its elements where they are
  std::vector<review::ReviewedUnit> units;
  for (const compile::UnitObjects& unit : objects) {
    const auto result = std::ranges::find_if(results, [&](const UnitResult& candidate) {
      return candidate.unit == unit.unit && (candidate.outcome == UnitOutcome::kChanged ||
                                             candidate.outcome == UnitOutcome::kRefused);
    });
    if (result == results.end())
      continue;
    const elf::Object& original = sides.emplace_back(elf::read_object(unit.original));
    elf::Object& patched = sides.emplace_back(elf::read_object(unit.patched));
    special::name_klp_callbacks(patched);
    units.push_back({unit.unit, original, patched, replaced_functions(*result)});
    if (!wanted.empty() && !shop.added.units.contains(unit.unit))
      add_types(shop, view, wanted, units.back());
  }
  return review::review(units);
}

std::string warning_text(const Problem& finding) {
  return fmt::format("WARNING: {}: {}: {} [{}]\n  {}", finding.object, finding.symbol,
                     finding.message, finding.code, finding.remedy);
}

} // namespace kpatch::produce
