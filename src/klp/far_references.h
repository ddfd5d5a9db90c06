// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/diff.h"

namespace kpatch::klp {

/// Gives the code of a patch instructions that reach what the patch leaves in the kernel,
/// where compilers chose those for what is in the same unit. Throws Error if there is no
/// room for that.
void reach_what_stays(diff::Delta& delta);

} // namespace kpatch::klp
