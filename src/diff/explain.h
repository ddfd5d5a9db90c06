// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"

#include <string>

namespace kpatch::diff {

/// Why a changed or new function is part of the patch, in words that follow "because":
/// "at f+0x1c it refers to printk instead of _printk", "g refers to it, and g is
/// changed".
std::string explain(const Context& context, SymbolId function);

} // namespace kpatch::diff
