// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"

namespace kpatch::diff {

/// Whether an entry of `__jump_table` or `.static_call_sites` may travel with the patch,
/// given its relocations in order. Adds a Problem where leaving it out would change what
/// the code does.
bool keeps_jump_label(Context& context, std::span<const elf::Relocation> entry);
bool keeps_static_call(Context& context, std::span<const elf::Relocation> entry);

} // namespace kpatch::diff
