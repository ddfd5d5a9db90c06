// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/unit_objects.h"
#include "produce/result.h"

#include <span>
#include <vector>

namespace kpatch::produce {

/// What the review says of the changed units: they can be built, but may do harm.
/// Compiles units with debug information that read a changed definition of a type.
std::vector<Problem> review_units(const compile::Workshop& shop,
                                  const patch::PatchedView& view,
                                  std::span<const patch::TouchedFile> touched,
                                  std::span<const compile::UnitObjects> objects,
                                  std::span<const UnitResult> results);

/// A finding as a warning for the user, without an end of line.
std::string warning_text(const Problem& finding);

} // namespace kpatch::produce
