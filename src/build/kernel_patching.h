// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "build/include_index.h"
#include "build/left_out.h"
#include "build/patch_apply.h"
#include "build/shown_messages.h"
#include "build/workshop.h"
#include "kernel/target.h"

#include <span>
#include <vector>

namespace kpatch::build {

/// What is known of a kernel's files.
struct KernelFiles {
  const kernel::Target& target;
  const IncludeIndex& includes;
};

/// Applies the patches, but for what no code can come of; that is added to `left_out`.
AppliedPatches apply_to_kernel(std::span<const PatchFile> patches, PatchedView& view,
                               const KernelFiles& kernel, unsigned fuzz,
                               std::vector<LeftOut>& left_out);

/// Gives the kernel the units. `empty_tree` becomes its source with these empty.
AddedUnits add_to_kernel(const kernel::UnitIndex& units, const PatchedView& view,
                         kernel::Target& target, const std::filesystem::path& empty_tree);

/// Gives lines that the patches have moved the numbers that they had; returns the texts
/// of these files as the patches made them.
PatchedTexts fix_lines(std::span<const TouchedFile> touched, PatchedView& view);

/// Whether only such files of the patches as are left out seem to include a new one.
bool is_for_left_out(const TouchedFile& file, std::span<const LeftOut> left_out,
                     const PatchedView& view);

} // namespace kpatch::build
