// SPDX-License-Identifier: GPL-2.0-or-later
//
// The comparison says whether a patch can be built, and a rehearsal whether it works on a
// machine at rest. Between them lies what shows only later, on a busy machine or after
// the patch is gone. The rules here know some of it by the functions that the changed
// code calls before and after.
#include "review/review.h"

#include "review/review_rules.h"

#include <filesystem>

namespace kpatch::review {

#define KPATCH_REVIEW_RULE(find) ReviewRule find;
#include "review/rules.def"
#undef KPATCH_REVIEW_RULE

namespace {

constexpr ReviewRule* kRules[] = {
#define KPATCH_REVIEW_RULE(find) find,
#include "review/rules.def"
#undef KPATCH_REVIEW_RULE
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
