// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/diff.h"

#include <string>

namespace kpatch::diff {

/// Why a changed or new function is part of the patch, in words that follow "because":
/// "at f+0x1c it refers to printk instead of _printk", "g refers to it, and g is
/// changed".
/// With debug information and when asked to explain, with the source line and what is
/// inlined there: "it inlines g (include/linux/h.h:120), changed at
/// include/linux/h.h:123: at f+0x1c ...".
std::string explain(const Context& context, SymbolId function);

/// What a relocation refers to, as messages say it.
std::string target_name(const Side& side, SectionId base,
                        const elf::Relocation& relocation);

/// Where the first changed instruction comes from; for a function that is patched in
/// place of another, the other's. Nothing unless asked to explain.
std::optional<dwarf::CodePlace> changed_place(const Context& context, SymbolId function);

/// Why everything else travels: variables by their names, other sections by theirs.
std::vector<Inclusion> explain_inclusions(const Context& context);

} // namespace kpatch::diff
