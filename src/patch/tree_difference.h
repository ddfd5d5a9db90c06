// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/patch_file.h"

#include <filesystem>

namespace kpatch::patch {

/// What makes `newer` of `original`, as a patch of the name of `newer`. Throws Error
/// unless both are source trees.
PatchFile difference_of(const std::filesystem::path& original,
                        const std::filesystem::path& newer);

} // namespace kpatch::patch
