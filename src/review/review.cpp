// SPDX-License-Identifier: GPL-2.0-or-later
//
// The comparison says whether a patch can be built, and a rehearsal whether it works on a
// machine at rest. Between them lies what shows only later, on a busy machine or after
// the patch is gone. The rules here know some of it by the functions that the changed
// code calls before and after.
#include "review/review.h"

#include "review/review_rules.h"

#include <array>
#include <filesystem>

namespace kpatch::review {

// One file each.
ReviewRule find_ended_timers;      ///< KP4001
ReviewRule find_changed_layouts;   ///< KP4002
ReviewRule find_uneven_holds;      ///< KP4003
ReviewRule find_always_running;    ///< KP4004
ReviewRule find_delicate_contexts; ///< KP4005
ReviewRule find_outliving;         ///< KP4006

namespace {

constexpr std::array kRules = {
    find_ended_timers,   find_changed_layouts,   find_uneven_holds,
    find_always_running, find_delicate_contexts, find_outliving,
};

} // namespace

std::string UnitView::label() const {
  return std::filesystem::path(unit.unit).replace_extension(".o").string();
}

std::vector<Problem> review(std::span<const ReviewedUnit> units) {
  PatchView patch;
  for (const ReviewedUnit& unit : units)
    patch.push_back({unit, CallMap(unit.original), CallMap(unit.patched)});
  std::vector<Problem> findings;
  for (ReviewRule* const rule : kRules)
    for (Problem& finding : rule(patch))
      findings.push_back(std::move(finding));
  return findings;
}

} // namespace kpatch::review
