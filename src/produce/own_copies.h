// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "produce/object_pair.h"
#include "produce/steps.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace kpatch::produce {

/// What was compared, by unit.
using ResultsByUnit = std::map<std::string, std::vector<UnitResult>>;

/// What the step reads besides the objects and results.
struct CallerInputs {
  const compile::Workshop& shop;
  patch::PatchedView& view;
  const PatchedSource& source;
  const patch::IncludeIndex& includes;
  PairDiffer& differ;
};

/// Makes copies of functions that no tracer can redirect part of the patch, together with
/// all that call them, where this is possible. Adds the units of these to the objects and
/// results, and replaces results of units that call them as well. Gives the units whose
/// results are new.
std::set<std::string> patch_outside_callers(Context& context, const CallerInputs& inputs,
                                            std::vector<compile::UnitObjects>& objects,
                                            ResultsByUnit& results);

} // namespace kpatch::produce
