// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"

namespace kpatch::diff {

/// Whether a variable of the patched object is a constant that only code of its unit
/// reads, and nobody may have kept its address: then a new copy can take its place.
bool is_constant_of_unit(const Context& context, SymbolId id);

/// Has every function that reads a constant which changed read the copy in the patch.
void patch_readers_of_constants(Context& context);

} // namespace kpatch::diff
