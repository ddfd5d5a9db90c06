// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "build/result.h"
#include "build/unit_objects.h"

#include <span>
#include <vector>

namespace kpatch::build {

/// What the review says of the changed units: they can be built, but may do harm.
/// Compiles with debug information where the patch changes the definition of a type.
std::vector<Problem> review_units(const Workshop& shop, const PatchedView& view,
                                  std::span<const TouchedFile> touched,
                                  std::span<const UnitObjects> objects,
                                  std::span<const UnitResult> results);

/// A finding as a warning for the user, without an end of line.
std::string warning_text(const Problem& finding);

} // namespace kpatch::build
