// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/diff.h"

namespace kpatch::diff {

/// Moves what is included out of the patched object into a Delta; the context is used up.
Delta extract(Context context);

} // namespace kpatch::diff
