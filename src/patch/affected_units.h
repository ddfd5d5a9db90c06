// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "kernel/units.h"
#include "patch/include_index.h"
#include "patch/left_out.h"
#include "patch/patch_apply.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kpatch::patch {

/// What a patch series means for the kernel's translation units. All lists are sorted.
struct Affected {
  std::vector<std::string> units; ///< touched themselves
  /// Units that may include a touched file; the compiler will tell.
  std::vector<std::string> candidates;
  /// Files that some unit must turn out to include.
  std::vector<TouchedFile> to_be_included;
  /// Headers and the like. Which units they reach depends on what is changed in them.
  std::vector<std::string> headers;
  std::vector<LeftOut> ignored; ///< files that take no part in a running kernel
  std::vector<Problem> problems;
};

/// What the makefiles of the source say of a file; where there is none, they are not
/// asked.
struct MakefileFacts {
  /// The option that keeps it out of the kernel; empty: none is known.
  std::function<std::string(const std::string& path)> missing_option = {};
  /// Whether it is compiled for the build alone.
  std::function<bool(const std::string& path)> serves_the_build = {};
};

Affected affected_units(std::span<const TouchedFile> touched,
                        const kernel::UnitIndex& units, const IncludeIndex& includes,
                        const MakefileFacts& makefiles = {});

/// Why no code can come of a file whatever is in it, if so: by its place and name. That
/// such files are patched is not necessary.
std::optional<LeftOut> left_out_by_place(const std::string& path,
                                         const kernel::UnitIndex& units,
                                         const IncludeIndex& includes);

/// The problem of a file of Affected::to_be_included that no unit has included.
Problem not_included(const TouchedFile& file);

} // namespace kpatch::patch
