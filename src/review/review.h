// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "elf/object.h"
#include "kernel/type_layouts.h"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace kpatch::review {

/// One changed unit of a patch, as it is and as it is to be.
struct ReviewedUnit {
  std::string unit; ///< "fs/proc/meminfo.c"
  const elf::Object& original;
  const elf::Object& patched;
  std::set<std::string, std::less<>> replaced; ///< functions that the patch replaces
  /// Types whose definition the patch changes, as far as the unit has them.
  kernel::TypeLayouts original_types = {};
  kernel::TypeLayouts patched_types = {};
};

/// Drops what the review does not look at: bytes of data, texts aside, and references of
/// tables about code. Of some hundred units that is most of what their objects take.
void keep_what_is_reviewed(elf::Object& object);

/// What the change of a type does to the objects of it that exist; one finding without an
/// object, or none.
std::vector<Problem> layout_findings(const std::string& type,
                                     const kernel::TypeLayout& original,
                                     const kernel::TypeLayout& patched);

/// What is built and loads, and may yet do harm while it is loaded or once it is gone.
/// Each finding has a code of its own, KP40xx, and a remedy.
std::vector<Problem> review(std::span<const ReviewedUnit> units);

} // namespace kpatch::review
