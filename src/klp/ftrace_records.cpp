// SPDX-License-Identifier: GPL-2.0-or-later
//
// The functions of a patch are traced like any other, and one of them may be patched
// again. The compiler's own records describe the whole unit, so they are left behind and
// made again for what travels: one __mcount_loc table, or one
// __patchable_function_entries section a function, tied to its code so that the linker
// drops or keeps both.
#include "klp/ftrace_records.h"

#include "elf/kernel_sections.h"
#include "klp/record_writer.h"

#include <set>
#include <unordered_map>

namespace kpatch::klp {

namespace {

constexpr std::uint64_t kEntrySize = 8;

std::vector<elf::SymbolId> traced_functions(const diff::Delta& delta,
                                            elf::SymbolId count) {
  std::vector<elf::SymbolId> functions;
  std::set<std::pair<elf::SectionId, std::uint64_t>> seen; // aliases share an entry
  for (elf::SymbolId id = 1; id < count; ++id) {
    const elf::Symbol& symbol = delta.object.symbols[id];
    if (symbol.is_function() && symbol.is_defined() &&
        delta.symbols[id].has_ftrace_entry &&
        delta.symbols[id].status != diff::Status::kSame &&
        seen.emplace(symbol.section, symbol.value).second)
      functions.push_back(id);
  }
  return functions;
}

arch::FunctionView view(const diff::Delta& delta, elf::SymbolId id) {
  const elf::Symbol& symbol = delta.object.symbols[id];
  return {delta.object, symbol, delta.object.sections[symbol.section],
          delta.has_patchable_entries};
}

void add_mcount_table(diff::Delta& delta, const std::vector<elf::SymbolId>& functions) {
  RecordWriter records(delta.object, *delta.arch, std::string(elf::kFtraceSites),
                       kEntrySize);
  for (const elf::SymbolId id : functions) {
    delta.arch->make_traceable(delta.object.sections[delta.object.symbols[id].section]);
    const std::uint64_t site = delta.arch->mcount_site(view(delta, id));
    records.begin();
    records.point(0, id,
                  static_cast<std::int64_t>(site - delta.object.symbols[id].value));
  }
}

void add_patchable_entries(diff::Delta& delta,
                           const std::vector<elf::SymbolId>& functions) {
  std::unordered_map<elf::SectionId, elf::SymbolId> section_symbols;
  for (elf::SymbolId id = 1; id < delta.object.symbols.size(); ++id)
    if (delta.object.symbols[id].is_section())
      section_symbols.try_emplace(delta.object.symbols[id].section, id);
  for (const elf::SymbolId id : functions) {
    const std::uint64_t offset = delta.arch->patchable_entry_offset(view(delta, id));
    const elf::SectionId home = delta.object.symbols[id].section;
    elf::SymbolId& home_symbol = section_symbols[home];
    if (!home_symbol)
      home_symbol = delta.object.section_symbol(home);
    elf::Section records{.name = std::string(arch::kPatchableEntries),
                         .flags = SHF_ALLOC | SHF_WRITE,
                         .alignment = 8,
                         .entry_size = kEntrySize,
                         .data = Bytes(kEntrySize),
                         .link = home,
                         .has_relocations = true};
    if (delta.patchable_entries_link_order)
      records.flags |= SHF_LINK_ORDER;
    records.relocations.push_back({.offset = 0,
                                   .type = delta.arch->absolute64(),
                                   .symbol = home_symbol,
                                   .addend = static_cast<std::int64_t>(offset)});
    delta.object.add_section(std::move(records));
  }
}

} // namespace

void add_ftrace_records(diff::Delta& delta, elf::SymbolId symbol_count) {
  const std::vector<elf::SymbolId> functions = traced_functions(delta, symbol_count);
  if (delta.has_patchable_entries)
    add_patchable_entries(delta, functions);
  else
    add_mcount_table(delta, functions);
}

} // namespace kpatch::klp
