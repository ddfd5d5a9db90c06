// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/patch_file.h"
#include "patch/patched_view.h"

namespace kpatch::patch {

/// That the paths of the change seem to have more or fewer components before those of the
/// source tree than the one that is stripped; empty if they do not.
std::string wrong_strip_level(const FileChange& change, const PatchedView& view);

} // namespace kpatch::patch
