// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch has an effect if it replaces a function, brings a global that other units of it
// may use, sets data, or has callbacks. Literals and debug information are always
// included and have none.
#include "diff/effect.h"

#include <algorithm>

namespace kpatch::diff {

bool is_without_effect(const Context& context) {
  const Side& patched = context.patched;
  if (!context.words.empty())
    return false;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    const elf::Symbol& symbol = patched.symbol(id);
    const SymbolState& state = patched.symbols[id];
    if (!state.included || !patched.home(id))
      continue;
    if (symbol.is_function() && state.status == Status::kChanged)
      return false;
    if (symbol.binding == STB_GLOBAL && state.status == Status::kNew &&
        state.reason.kind == ReasonKind::kNew)
      return false;
  }
  return std::ranges::count(context.notes, NoteKind::kCallback, &Note::kind) == 0;
}

} // namespace kpatch::diff
