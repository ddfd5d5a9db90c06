// SPDX-License-Identifier: GPL-2.0-or-later
//
// EXPORT_SYMBOL adds an entry to the export table and a name to __ksymtab_strings. The
// table is read when its object is loaded, so a live patch can add nothing to a kernel's;
// but nothing that runs already can need the new export either. It is left out with a
// NOTICE. Layouts seen: a section `___ksymtab[_gpl]+name` for each export with a symbol
// `__ksymtab_name` in it, up to 6.4; one `.export_symbol` for all with a symbol
// `__export_symbol_name` each since then, from which modpost makes the tables.
#include "diff/exports.h"

#include "diff/context.h"

#include <array>

namespace kpatch::diff {

namespace {

constexpr std::array<std::string_view, 2> kEntrySymbols = {"__ksymtab_",
                                                           "__export_symbol_"};

/// The exported name that an entry's symbol spells; empty for other symbols.
std::string_view exported_name(std::string_view symbol) {
  for (const std::string_view prefix : kEntrySymbols)
    if (symbol.starts_with(prefix))
      return symbol.substr(prefix.size());
  return {};
}

} // namespace

bool is_export_section(std::string_view name) {
  return name == ".export_symbol" || name.starts_with("__ksymtab") ||
         name.starts_with("___ksymtab") || name.starts_with("__kcrctab") ||
         name.starts_with("___kcrctab");
}

void leave_out_exports(Context& context) {
  Side& patched = context.patched;
  for (SectionId id = 1; id < patched.sections.size(); ++id) {
    SectionState& state = patched.sections[id];
    if (is_export_section(patched.section(id).name) && !state.included)
      state.content = state.relocations = Status::kSame;
  }
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    const std::string_view name = exported_name(patched.symbol(id).name);
    const SectionId home = patched.home(id);
    if (!name.empty() && home && is_export_section(patched.section(home).name) &&
        patched.symbols[id].status == Status::kNew)
      note(context, NoteKind::kNotice, name,
           "the new export of {} is left out: a live patch cannot add to the "
           "kernel's exports",
           name);
  }
}

} // namespace kpatch::diff
