// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "build/patch_file.h"
#include "build/patched_view.h"

#include <span>
#include <string>
#include <vector>

namespace kpatch::build {

/// A file of the source tree that the patches touch.
struct TouchedFile {
  std::string path;
  bool was_there = false; ///< in the pristine tree
  bool is_there = false;  ///< after the patches

  bool operator==(const TouchedFile&) const = default;
};

/// Applies the patches in order and returns the files they touch, each once, sorted.
/// Throws Error naming the patch and every file and hunk of it that does not apply.
std::vector<TouchedFile> apply_patches(std::span<const PatchFile> patches,
                                       PatchedView& view);

} // namespace kpatch::build
