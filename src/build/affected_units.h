// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "build/patch_apply.h"
#include "kernel/units.h"

#include <span>
#include <string>
#include <vector>

namespace kpatch::build {

/// What a patch series means for the kernel's translation units.
struct Affected {
  std::vector<std::string> units;   ///< to be compiled, sorted
  std::vector<std::string> ignored; ///< files that take no part in a running kernel
  /// New files, which must turn out to be included by one of the units.
  std::vector<std::string> new_files;
  std::vector<Problem> problems;
};

Affected affected_units(std::span<const TouchedFile> touched,
                        const kernel::UnitIndex& units);

} // namespace kpatch::build
