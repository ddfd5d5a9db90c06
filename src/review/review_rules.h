// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "review/call_map.h"
#include "review/review.h"

#include <array>
#include <string_view>

namespace kpatch::review {

/// A unit with what its functions refer to.
struct UnitView {
  const ReviewedUnit& unit;
  CallMap original;
  CallMap patched;

  /// "fs/proc/meminfo.o", as the other messages of a build have it.
  std::string label() const;
};

/// All changed units of the patch: what one takes away, another may give back.
using PatchView = std::vector<UnitView>;

/// Sections of the callbacks that run when a patch is taken back.
inline constexpr std::array<std::string_view, 2> kLastCallbacks = {
    ".kpatch.callbacks.pre_unpatch", ".kpatch.callbacks.post_unpatch"};

/// A rule looks at the whole patch and says what it finds. To add one: a file
/// `review_<what>.cpp`, a row in rules.def, a section in docs/problems.md.
using ReviewRule = std::vector<Problem>(const PatchView& patch);

} // namespace kpatch::review
