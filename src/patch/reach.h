// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"
#include "patch/affected_units.h"
#include "patch/patched_view.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace kpatch::patch {

/// The includes of a kernel: from its cache, or read now and kept there. A source that
/// may change between two runs is read each time.
IncludeIndex includes_of(const kernel::Target& target, bool source_may_change);

/// Headers that no unit has to be compiled for.
struct HeadersLeftOut {
  std::vector<std::string> same;   ///< mean the same as before: put back in the view
  std::vector<std::string> unused; ///< are changed where no unit uses them
  /// Sources of the architecture that are no units of the kernel and use what is changed
  /// in the unused ones: of images of their own, if they are compiled at all.
  std::vector<std::string> beyond;
};

/// Finds the units that use what is changed in `affected.headers` and adds them to the
/// candidates. Makes the view such that they find the changed headers.
HeadersLeftOut add_units_of_headers(Affected& affected, const IncludeIndex& includes,
                                    const kernel::Target& target, PatchedView& view,
                                    unsigned jobs);

/// The changed headers on which the code of units or assembly files depends, by unit:
/// those of which it uses what is changed, or if none is known to be, all that it reads.
std::map<std::string, std::vector<std::string>>
headers_used(const IncludeIndex& includes, const kernel::Target& target,
             const PatchedView& view, std::span<const TouchedFile> touched,
             std::span<const std::string> units, unsigned jobs);

} // namespace kpatch::patch
