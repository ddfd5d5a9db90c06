// SPDX-License-Identifier: GPL-2.0-or-later
// What the passes about static variables of functions share.
#pragma once

#include "diff/context.h"

#include <functional>

namespace kpatch::diff {

/// What variables that could be one another share.
std::string looks_of(const Side& side, SymbolId id);

using LinkLocal = std::function<void(SymbolId original, SymbolId patched)>;

/// Calls `link` with what debug information knows to be one variable, where there are
/// several of the same looks.
void pair_declared_locals(Context& context, const LinkLocal& link);

/// Whether use alone is enough to tell which is which, where there are several of the
/// same looks. Asked once all have the twins that use gave them.
bool are_told_apart_by_use(const Context& context);

} // namespace kpatch::diff
