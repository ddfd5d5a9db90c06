// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "build/include_index.h"
#include "build/patch_apply.h"
#include "kernel/units.h"

#include <span>
#include <string>
#include <vector>

namespace kpatch::build {

/// What a patch series means for the kernel's translation units. All lists are sorted.
struct Affected {
  std::vector<std::string> units; ///< touched themselves
  /// Units that may include a touched file; the compiler will tell.
  std::vector<std::string> candidates;
  /// Files that some unit must turn out to include.
  std::vector<TouchedFile> to_be_included;
  /// Headers and the like. Which units they reach depends on what is changed in them.
  std::vector<std::string> headers;
  std::vector<std::string> ignored; ///< files that take no part in a running kernel
  std::vector<Problem> problems;
};

Affected affected_units(std::span<const TouchedFile> touched,
                        const kernel::UnitIndex& units, const IncludeIndex& includes);

/// The problem of a file of Affected::to_be_included that no unit has included.
Problem not_included(const TouchedFile& file);

} // namespace kpatch::build
