// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <string_view>

namespace kpatch::special {

inline constexpr std::string_view kKlpCallbacks = ".discard.klp_callback_ptrs";

/// Makes callbacks that the kernel's macros registered look as those of kpatch-macros.h:
/// a section `.kpatch.callbacks.<kind>` each. Throws Error for a pointer that is none.
void name_klp_callbacks(elf::Object& object);

} // namespace kpatch::special
