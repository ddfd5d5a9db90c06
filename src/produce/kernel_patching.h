// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/shown_messages.h"
#include "compile/workshop.h"
#include "kernel/target.h"
#include "patch/include_index.h"
#include "patch/left_out.h"
#include "patch/patch_apply.h"

#include <span>
#include <vector>

namespace kpatch::produce {

/// What is known of a kernel's files.
struct KernelFiles {
  const kernel::Target& target;
  const patch::IncludeIndex& includes;
};

/// Applies the patches, but for what no code can come of; that is added to `left_out`.
patch::AppliedPatches apply_to_kernel(std::span<const patch::PatchFile> patches,
                                      patch::PatchedView& view, const KernelFiles& kernel,
                                      unsigned fuzz,
                                      std::vector<patch::LeftOut>& left_out);

/// Gives the kernel the units. `empty_tree` becomes its source with these empty.
compile::AddedUnits add_to_kernel(const kernel::UnitIndex& units,
                                  const patch::PatchedView& view, kernel::Target& target,
                                  const std::filesystem::path& empty_tree);

/// Gives lines that the patches have moved the numbers that they had; returns the texts
/// of these files as the patches made them. What comes of a text is kept in the folder
/// for the next round, unless its name is empty.
compile::PatchedTexts fix_lines(std::span<const patch::TouchedFile> touched,
                                patch::PatchedView& view,
                                const std::filesystem::path& kept);

/// Whether only such files of the patches as are left out seem to include a new one.
bool is_for_left_out(const patch::TouchedFile& file,
                     std::span<const patch::LeftOut> left_out,
                     const patch::PatchedView& view);

} // namespace kpatch::produce
