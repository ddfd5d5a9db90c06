// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be done to a finished module. Each returns false for a module that has nothing
// of the kind.
#pragma once

#include "base/endian.h"
#include "elf/edit.h"
#include "elf/function_records.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

namespace kpatch::mutants {

using elf::Object;
using elf::Relocation;
using elf::Section;
using Table = std::vector<Relocation>;

inline constexpr auto kOrder = std::endian::little;
inline constexpr std::uint64_t kRecord = 56;

inline Section* find(Object& module, std::string_view name) {
  const elf::SectionId id = module.find_section(name);
  return id ? &module.sections[id] : nullptr;
}

inline bool starts(const std::string& text, std::string_view with) {
  return text.starts_with(with);
}

/// The first relocation with an ordinary table that is as asked for.
template <typename Wanted>
inline Relocation* find_relocation(Object& module, Wanted wanted,
                                   Section** where = nullptr) {
  for (Section& section : module.sections)
    for (Relocation& relocation : section.relocations)
      if (wanted(section, relocation)) {
        if (where)
          *where = &section;
        return &relocation;
      }
  return nullptr;
}

inline bool is_code(const Section& section) {
  return section.is_text() && starts(section.name, ".text.") &&
         section.name != ".text.unlikely";
}

inline const std::string& name(const Object& module, const Relocation& relocation) {
  return module.symbols[relocation.symbol].name;
}

/// A call of something imported, in new code.
inline Relocation* call_of_import(Object& module, Section** where = nullptr) {
  return find_relocation(
      module,
      [&](const Section& section, const Relocation& relocation) {
        const elf::Symbol& symbol = module.symbols[relocation.symbol];
        return is_code(section) && symbol.is_undefined() && relocation.offset > 4 &&
               section.data[relocation.offset - 1] == 0xe8 &&
               symbol.name != "__fentry__" && !starts(symbol.name, "__SCT__") &&
               !starts(symbol.name, "__x86");
      },
      where);
}

inline bool resize(Object& module, std::string_view table, std::int64_t by) {
  Section* section = find(module, table);
  if (!section || section->data.size() < 8 || section->is_nobits())
    return false;
  section->data.resize(section->data.size() + static_cast<std::size_t>(by));
  std::erase_if(section->relocations, [&](const Relocation& relocation) {
    return relocation.offset + 4 > section->data.size();
  });
  return true;
}

/// Moves the first reference of a table.
inline bool move(Object& module, std::string_view table, std::uint64_t field,
                 std::int64_t by, std::uint64_t entry = 0) {
  Section* section = find(module, table);
  if (!section)
    return false;
  for (Relocation& relocation : section->relocations)
    if (relocation.offset == entry + field) {
      relocation.addend += by;
      return true;
    }
  return false;
}

/// The replacement of the first alternative that has one.
inline bool move_replacement(Object& module) {
  const Section* section = find(module, ".altinstructions");
  const std::size_t size = section && section->data.size() % 12 == 0 ? 12 : 14;
  for (std::size_t at = 0; section && at + size <= section->data.size(); at += size)
    if (section->data[at + size - 1] > 0)
      return move(module, ".altinstructions", 4, 1, at);
  return false;
}

inline bool drop_references(Object& module, std::string_view table) {
  Section* section = find(module, table);
  if (!section || section->relocations.empty())
    return false;
  section->relocations.clear();
  return true;
}

inline bool drop_first(Object& module, std::string_view table) {
  Section* section = find(module, table);
  if (!section || section->relocations.empty())
    return false;
  section->relocations.erase(section->relocations.begin());
  return true;
}

/// Takes a table away, with what it names.
inline bool empty_table(Object& module, std::string_view table) {
  Section* section = find(module, table);
  if (!section || section->data.empty())
    return false;
  section->data.clear();
  section->relocations.clear();
  return true;
}

inline bool set_byte(Object& module, std::string_view table, std::size_t at,
                     std::function<std::uint8_t(std::uint8_t)> change) {
  Section* section = find(module, table);
  if (!section || section->data.size() <= at)
    return false;
  section->data[at] = change(section->data[at]);
  return true;
}

/// A byte of the first alternative: those before 6.3 are shorter and have the lengths at
/// once behind the feature.
inline bool set_alternative(Object& module, std::size_t at_before_6_3, std::size_t at,
                            std::function<std::uint8_t(std::uint8_t)> change) {
  constexpr std::size_t kLong = 14;
  const Section* table = find(module, ".altinstructions");
  if (!table || table->relocations.empty())
    return false;
  const std::size_t entries = table->relocations.size() / 2; // place and replacement
  const bool is_long = table->data.size() == entries * kLong;
  return set_byte(module, ".altinstructions", is_long ? at : at_before_6_3,
                  std::move(change));
}

inline bool replace_info(Object& module, std::string_view from, std::string_view to) {
  Section* section = find(module, ".modinfo");
  const auto found =
      std::search(section->data.begin(), section->data.end(), from.begin(), from.end());
  if (found == section->data.end())
    return false;
  const auto at =
      section->data.erase(found, found + static_cast<std::ptrdiff_t>(from.size()));
  section->data.insert(at, to.begin(), to.end());
  return true;
}

inline elf::LivepatchRelocations* late_table(Object& module, bool of_vmlinux) {
  for (elf::LivepatchRelocations& table : module.livepatch)
    if (starts(table.name, ".klp.rela.vmlinux.") == of_vmlinux &&
        !table.relocations.empty())
      return &table;
  return nullptr;
}

inline elf::LivepatchRelocations* any_late(Object& module) {
  return module.livepatch.empty() ? nullptr : &module.livepatch.front();
}

inline elf::Symbol* late_symbol(Object& module, std::string_view object = "") {
  for (elf::Symbol& symbol : module.symbols)
    if (starts(symbol.name, ".klp.sym." + std::string(object)))
      return &symbol;
  return nullptr;
}

inline bool rename_late(Object& module,
                        const std::function<std::string(std::string)>& change) {
  elf::Symbol* symbol = late_symbol(module);
  if (!symbol)
    return false;
  symbol->name = change(symbol->name);
  return true;
}

inline std::string with_position(std::string text, std::string_view position) {
  return text.substr(0, text.rfind(',') + 1) + std::string(position);
}

inline std::string with_name(const std::string& text, std::string_view wanted) {
  const std::size_t dot = text.find('.', std::strlen(".klp.sym."));
  return text.substr(0, dot + 1) + std::string(wanted) + ",0";
}

/// A string of the records, by the field that points at it.
inline bool set_record_text(Object& module, std::uint64_t field, std::string_view text) {
  Section* records = find(module, ".kpatch.funcs");
  Section* strings = find(module, ".kpatch.strings");
  if (!records || !strings)
    return false;
  for (Relocation& relocation : records->relocations)
    if (relocation.offset == field) {
      const elf::Symbol& symbol = module.symbols[relocation.symbol];
      relocation.addend = static_cast<std::int64_t>(strings->data.size() - symbol.value);
      strings->data.insert(strings->data.end(), text.begin(), text.end());
      strings->data.push_back(0);
      return true;
    }
  return false;
}

inline bool set_record_number(Object& module, std::uint64_t field, std::uint64_t value) {
  Section* records = find(module, ".kpatch.funcs");
  if (!records || records->data.size() < kRecord)
    return false;
  store<std::uint64_t>(records->data, field, value, kOrder);
  return true;
}

inline bool drop_record_pointer(Object& module, std::uint64_t field) {
  Section* records = find(module, ".kpatch.funcs");
  return records &&
         std::erase_if(records->relocations, [&](const Relocation& relocation) {
           return relocation.offset == field;
         }) > 0;
}

inline Relocation* record_pointer(Object& module, std::uint64_t offset) {
  Section* records = find(module, ".kpatch.funcs");
  if (records)
    for (Relocation& relocation : records->relocations)
      if (relocation.offset == offset)
        return &relocation;
  return nullptr;
}

inline bool swap_records(Object& module) {
  Relocation* first = record_pointer(module, 0);
  Relocation* second = record_pointer(module, kRecord);
  if (!first || !second)
    return false;
  std::swap(first->symbol, second->symbol);
  std::swap(first->addend, second->addend);
  return true;
}

inline bool repeat_record(Object& module) {
  Relocation* first = record_pointer(module, 40);
  Relocation* second = record_pointer(module, kRecord + 40);
  if (!first || !second || second->offset < kRecord)
    return false;
  for (const std::uint64_t field : {0, 40, 48}) {
    Relocation* from = record_pointer(module, field);
    Relocation* to = record_pointer(module, kRecord + field);
    to->symbol = from->symbol;
    to->addend = from->addend;
  }
  return true;
}

inline bool drop_last_record(Object& module) {
  Section* records = find(module, ".kpatch.funcs");
  const auto count = elf::function_records(module).records.size();
  if (count < 2)
    return false;
  const std::uint64_t at = (count - 1) * kRecord;
  std::erase_if(records->relocations,
                [&](const Relocation& relocation) { return relocation.offset >= at; });
  records->data.resize(at);
  records->data.resize(at + 8);
  module.symbols[module.find_symbol("__kpatch_funcs_end")].value = at;
  return true;
}

/// A row of a table that names a place in code: takes the row away, or repeats it.
inline bool drop_row(Object& module, std::string_view table, std::uint64_t size) {
  Section* section = find(module, table);
  if (!section || section->data.size() < size || section->relocations.empty())
    return false;
  const std::uint64_t at = section->data.size() / size * size - size;
  std::erase_if(section->relocations,
                [&](const Relocation& relocation) { return relocation.offset >= at; });
  section->data.resize(at);
  return true;
}

/// The code that a row names, to be changed.
inline std::uint8_t* code_of_row(Object& module, std::string_view table,
                                 std::size_t size) {
  Section* section = find(module, table);
  if (!section || section->relocations.empty())
    return nullptr;
  for (const Relocation& row : section->relocations) {
    const elf::Symbol& symbol = module.symbols[row.symbol];
    Bytes& code = module.sections[symbol.section].data;
    const std::uint64_t at = symbol.value + static_cast<std::uint64_t>(row.addend);
    if (symbol.is_defined() && at < code.size() && code.size() - at >= size)
      return code.data() + at;
  }
  return nullptr;
}

inline bool overwrite(std::uint8_t* code, std::initializer_list<std::uint8_t> bytes) {
  if (!code)
    return false;
  std::ranges::copy(bytes, code);
  return true;
}

inline bool set_flags(Object& module, std::uint64_t without) {
  for (Section& section : module.sections)
    if (is_code(section) && !section.data.empty()) {
      section.flags &= ~without;
      return true;
    }
  return false;
}

inline bool set_version(Object& module, bool by_name) {
  Section* section = find(module, "__versions");
  if (!section || section->data.size() < 128)
    return false;
  section->data[64 + (by_name ? 8 : 0)] ^= 1;
  return true;
}

inline bool import(Object& module, std::string_view wanted) {
  Relocation* call = call_of_import(module);
  if (!call)
    return false;
  call->symbol = module.add_symbol({.name = std::string(wanted), .binding = STB_GLOBAL});
  return true;
}

/// Refers to a piece of the module's own init code from code that stays.
inline bool refer_to_init(Object& module) {
  Relocation* call = call_of_import(module);
  const elf::SectionId init = module.find_section(".init.text");
  if (!call || !init)
    return false;
  call->symbol = module.section_symbol(init);
  return true;
}

inline bool refer_late(Object& module, std::string_view symbol) {
  elf::LivepatchRelocations* table = late_table(module, true);
  if (!table)
    return false;
  table->relocations.front().symbol = module.add_symbol(
      {.name = std::string(symbol), .binding = STB_GLOBAL, .reserved_index = 0xff20});
  return true;
}

inline Relocation* late_call(Object& module) {
  for (elf::LivepatchRelocations& table : module.livepatch)
    for (Relocation& relocation : table.relocations) {
      const Bytes& data = module.sections[table.target].data;
      if (module.sections[table.target].is_text() && relocation.offset > 0 &&
          data[relocation.offset - 1] == 0xe8)
        return &relocation;
    }
  return nullptr;
}

inline bool drop_call(Object& module) {
  Section* section = nullptr;
  Relocation* call = call_of_import(module, &section);
  if (!call)
    return false;
  section->relocations.erase(section->relocations.begin() +
                             (call - section->relocations.data()));
  return true;
}

inline bool drop_late_call(Object& module) {
  Relocation* call = late_call(module);
  for (elf::LivepatchRelocations& table : module.livepatch)
    if (call && std::erase_if(table.relocations, [&](const Relocation& relocation) {
          return &relocation == call;
        }))
      return true;
  return false;
}

/// Into the table that the module loader applies.
inline bool apply_early(Object& module) {
  elf::LivepatchRelocations* table = late_table(module, true);
  if (!table)
    return false;
  module.sections[table->target].relocations.push_back(table->relocations.back());
  table->relocations.pop_back();
  return true;
}

inline bool orc_entry(Object& module, std::uint8_t with) {
  const auto records = elf::function_records(module).records;
  Section* orc = find(module, ".orc_unwind");
  const Section* places = find(module, ".orc_unwind_ip");
  if (records.empty() || !orc || !places)
    return false;
  const Relocation* found = nullptr; // the last one: the end of other code may be there
  for (const Relocation& row : places->relocations) {
    const elf::Symbol& symbol = module.symbols[row.symbol];
    if (symbol.section == records[0].code &&
        symbol.value + static_cast<std::uint64_t>(row.addend) == records[0].offset)
      found = &row;
  }
  if (!found)
    return false;
  std::fill_n(orc->data.begin() + static_cast<std::ptrdiff_t>(found->offset / 4 * 6), 6,
              with);
  return true;
}

inline bool reverse_orc(Object& module) {
  Section* places = find(module, ".orc_unwind_ip");
  if (!places || places->relocations.size() < 3)
    return false;
  auto& rows = places->relocations;
  for (std::size_t i = 0; i < rows.size() / 2; ++i) {
    std::swap(rows[i].symbol, rows[rows.size() - 1 - i].symbol);
    std::swap(rows[i].addend, rows[rows.size() - 1 - i].addend);
  }
  return true;
}

/// objtool left a label as the compiler wrote it.
inline bool label_as_compiled(Object& module) {
  Section* table = find(module, "__jump_table");
  if (!table)
    return false;
  for (const Relocation& code : table->relocations) {
    const elf::Symbol& symbol = module.symbols[code.symbol];
    if (code.offset % 16 != 0 || !symbol.is_defined())
      continue;
    Bytes& data = module.sections[symbol.section].data;
    std::uint8_t* at = data.data() + symbol.value + code.addend;
    if (at[0] == 0x0f) {
      overwrite(at, {0xe9, 0, 0, 0, 0});
      return true;
    }
    if (at[0] == 0x66) {
      overwrite(at, {0xeb, 0});
      return true;
    }
  }
  return false;
}

inline bool other_key(Object& module, std::string_view symbol) {
  const auto change = [&](Relocation& relocation) {
    relocation.symbol =
        module.add_symbol({.name = std::string(symbol),
                           .binding = STB_GLOBAL,
                           .reserved_index = static_cast<std::uint16_t>(
                               starts(std::string(symbol), ".klp") ? 0xff20 : 0)});
    return true;
  };
  const elf::SectionId id = module.find_section("__jump_table");
  for (elf::LivepatchRelocations& table : module.livepatch)
    if (table.target == id && id)
      for (Relocation& relocation : table.relocations)
        if (relocation.offset % 16 == 8 && starts(std::string(symbol), ".klp"))
          return change(relocation);
  if (id)
    for (Relocation& relocation : module.sections[id].relocations)
      if (relocation.offset % 16 == 8 && !starts(std::string(symbol), ".klp"))
        return change(relocation);
  return false;
}

inline bool objtool_never_came(Object& module, std::string_view table) {
  return empty_table(module, table);
}

inline bool rename_table(Object& module,
                         const std::function<std::string(std::string)>& change) {
  elf::LivepatchRelocations* table = any_late(module);
  if (!table)
    return false;
  table->name = change(table->name);
  return true;
}

} // namespace kpatch::mutants
