// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <functional>

namespace kpatch::elf {

/// Removes the sections that `is_doomed` picks, with their relocations and the symbols
/// defined in them, and renumbers what stays. Groups lose the removed members; a group
/// without members goes too. Throws Error if something that stays refers to what goes.
void remove_sections(Object& object,
                     const std::function<bool(const Section&)>& is_doomed);

/// Removes the symbols that `is_doomed` picks (never the null symbol) and renumbers the
/// rest. Throws Error if a relocation or a group still needs one.
void remove_symbols(Object& object, const std::function<bool(SymbolId)>& is_doomed);

} // namespace kpatch::elf
