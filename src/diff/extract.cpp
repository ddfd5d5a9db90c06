// SPDX-License-Identifier: GPL-2.0-or-later
//
// Turns the marks of the passes into an object of its own: included sections and symbols
// in their order, with new dense ids. A symbol whose section stays behind becomes an
// undefined one, to be found in the running kernel.
#include "diff/extract.h"

namespace kpatch::diff {

namespace {

class Extraction {
 public:
  explicit Extraction(Context& context)
      : side_(context.patched), delta_{.inputs = context.inputs, .arch = &side_.arch} {
    delta_.object.label = side_.object.label;
    delta_.object.header = side_.object.header;
    delta_.ties = std::move(context.ties);
    delta_.import_namespaces = std::move(context.import_namespaces);
    delta_.has_patchable_entries = side_.has_patchable_entries;
    delta_.patchable_entries_link_order = side_.patchable_entries_link_order;
  }

  Delta run() {
    need_referenced_symbols();
    number();
    take_sections();
    take_symbols();
    take_imports();
    return std::move(delta_);
  }

 private:
  /// Debug information refers to more than the passes marked.
  void need_referenced_symbols() {
    for (SectionId id = 1; id < side_.sections.size(); ++id)
      if (side_.sections[id].included)
        for (const elf::Relocation& relocation : side_.section(id).relocations)
          side_.symbols[relocation.symbol].included = true;
  }

  void number() {
    section_ids_.assign(side_.sections.size(), kNoSection);
    symbol_ids_.assign(side_.symbols.size(), kNoSymbol);
    SectionId section = 0;
    for (SectionId id = 1; id < side_.sections.size(); ++id)
      if (side_.sections[id].included)
        section_ids_[id] = ++section;
    SymbolId symbol = 0;
    for (SymbolId id = 1; id < side_.symbols.size(); ++id)
      if (side_.symbols[id].included)
        symbol_ids_[id] = ++symbol;
  }

  void take_sections() {
    for (SectionId id = 1; id < side_.sections.size(); ++id) {
      if (!section_ids_[id])
        continue;
      elf::Section section = std::move(side_.object.sections[id]);
      section.link = section_ids_[section.link];
      for (elf::Relocation& relocation : section.relocations)
        relocation.symbol = symbol_ids_[relocation.symbol];
      for (SectionId& member : section.group_members)
        member = section_ids_[member];
      std::erase(section.group_members, kNoSection);
      section.group_signature = symbol_ids_[section.group_signature];
      delta_.object.add_section(std::move(section));
    }
  }

  void take_symbols() {
    delta_.symbols.resize(1);
    for (SymbolId id = 1; id < side_.symbols.size(); ++id) {
      if (!symbol_ids_[id])
        continue;
      const SymbolState& state = side_.symbols[id];
      elf::Symbol symbol = std::move(side_.object.symbols[id]);
      symbol.section = section_ids_[symbol.section];
      delta_.object.add_symbol(std::move(symbol));
      delta_.symbols.push_back(
          {.status = state.status,
           .has_parent = is_piece(state),
           .has_ftrace_entry = state.has_ftrace_entry,
           .became_global = state.became_global,
           .file = state.file,
           .reason = {state.reason.kind, symbol_ids_[state.reason.from]}});
    }
  }

  void take_imports() {
    if (delta_.import_namespaces.empty())
      return;
    elf::Section modinfo{.name = ".modinfo", .flags = SHF_ALLOC, .alignment = 8};
    for (const std::string& import : delta_.import_namespaces) {
      modinfo.data.insert(modinfo.data.end(), import.begin(), import.end());
      modinfo.data.push_back(0);
    }
    modinfo.entry_size = modinfo.data.size();
    delta_.object.add_section(std::move(modinfo));
  }

  Side& side_;
  Delta delta_;
  std::vector<SectionId> section_ids_;
  std::vector<SymbolId> symbol_ids_;
};

} // namespace

Delta extract(Context context) {
  return Extraction(context).run();
}

} // namespace kpatch::diff
