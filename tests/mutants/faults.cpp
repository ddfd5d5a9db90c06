// SPDX-License-Identifier: GPL-2.0-or-later
#include "faults.h"

#include "base/endian.h"
#include "elf/edit.h"
#include "elf/function_records.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

namespace kpatch::mutants {

namespace {

using elf::Object;
using elf::Relocation;
using elf::Section;
using Table = std::vector<Relocation>;

constexpr auto kOrder = std::endian::little;
constexpr std::uint64_t kRecord = 56;

Section* find(Object& module, std::string_view name) {
  const elf::SectionId id = module.find_section(name);
  return id ? &module.sections[id] : nullptr;
}

bool starts(const std::string& text, std::string_view with) {
  return text.starts_with(with);
}

/// The first relocation with an ordinary table that is as asked for.
template <typename Wanted>
Relocation* find_relocation(Object& module, Wanted wanted, Section** where = nullptr) {
  for (Section& section : module.sections)
    for (Relocation& relocation : section.relocations)
      if (wanted(section, relocation)) {
        if (where)
          *where = &section;
        return &relocation;
      }
  return nullptr;
}

bool is_code(const Section& section) {
  return section.is_text() && starts(section.name, ".text.") &&
         section.name != ".text.unlikely";
}

const std::string& name(const Object& module, const Relocation& relocation) {
  return module.symbols[relocation.symbol].name;
}

/// A call of something imported, in new code.
Relocation* call_of_import(Object& module, Section** where = nullptr) {
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

bool resize(Object& module, std::string_view table, std::int64_t by) {
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
bool move(Object& module, std::string_view table, std::uint64_t field, std::int64_t by,
          std::uint64_t entry = 0) {
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
bool move_replacement(Object& module) {
  const Section* section = find(module, ".altinstructions");
  const std::size_t size = section && section->data.size() % 12 == 0 ? 12 : 14;
  for (std::size_t at = 0; section && at + size <= section->data.size(); at += size)
    if (section->data[at + size - 1] > 0)
      return move(module, ".altinstructions", 4, 1, at);
  return false;
}

bool drop_references(Object& module, std::string_view table) {
  Section* section = find(module, table);
  if (!section || section->relocations.empty())
    return false;
  section->relocations.clear();
  return true;
}

bool drop_first(Object& module, std::string_view table) {
  Section* section = find(module, table);
  if (!section || section->relocations.empty())
    return false;
  section->relocations.erase(section->relocations.begin());
  return true;
}

/// Takes a table away, with what it names.
bool empty_table(Object& module, std::string_view table) {
  Section* section = find(module, table);
  if (!section || section->data.empty())
    return false;
  section->data.clear();
  section->relocations.clear();
  return true;
}

bool set_byte(Object& module, std::string_view table, std::size_t at,
              std::function<std::uint8_t(std::uint8_t)> change) {
  Section* section = find(module, table);
  if (!section || section->data.size() <= at)
    return false;
  section->data[at] = change(section->data[at]);
  return true;
}

bool replace_info(Object& module, std::string_view from, std::string_view to) {
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

elf::LivepatchRelocations* late_table(Object& module, bool of_vmlinux) {
  for (elf::LivepatchRelocations& table : module.livepatch)
    if (starts(table.name, ".klp.rela.vmlinux.") == of_vmlinux &&
        !table.relocations.empty())
      return &table;
  return nullptr;
}

elf::LivepatchRelocations* any_late(Object& module) {
  return module.livepatch.empty() ? nullptr : &module.livepatch.front();
}

elf::Symbol* late_symbol(Object& module, std::string_view object = "") {
  for (elf::Symbol& symbol : module.symbols)
    if (starts(symbol.name, ".klp.sym." + std::string(object)))
      return &symbol;
  return nullptr;
}

bool rename_late(Object& module, const std::function<std::string(std::string)>& change) {
  elf::Symbol* symbol = late_symbol(module);
  if (!symbol)
    return false;
  symbol->name = change(symbol->name);
  return true;
}

std::string with_position(std::string text, std::string_view position) {
  return text.substr(0, text.rfind(',') + 1) + std::string(position);
}

std::string with_name(const std::string& text, std::string_view wanted) {
  const std::size_t dot = text.find('.', std::strlen(".klp.sym."));
  return text.substr(0, dot + 1) + std::string(wanted) + ",0";
}

/// A string of the records, by the field that points at it.
bool set_record_text(Object& module, std::uint64_t field, std::string_view text) {
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

bool set_record_number(Object& module, std::uint64_t field, std::uint64_t value) {
  Section* records = find(module, ".kpatch.funcs");
  if (!records || records->data.size() < kRecord)
    return false;
  store<std::uint64_t>(records->data, field, value, kOrder);
  return true;
}

bool drop_record_pointer(Object& module, std::uint64_t field) {
  Section* records = find(module, ".kpatch.funcs");
  return records &&
         std::erase_if(records->relocations, [&](const Relocation& relocation) {
           return relocation.offset == field;
         }) > 0;
}

Relocation* record_pointer(Object& module, std::uint64_t offset) {
  Section* records = find(module, ".kpatch.funcs");
  if (records)
    for (Relocation& relocation : records->relocations)
      if (relocation.offset == offset)
        return &relocation;
  return nullptr;
}

bool swap_records(Object& module) {
  Relocation* first = record_pointer(module, 0);
  Relocation* second = record_pointer(module, kRecord);
  if (!first || !second)
    return false;
  std::swap(first->symbol, second->symbol);
  std::swap(first->addend, second->addend);
  return true;
}

bool repeat_record(Object& module) {
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

bool drop_last_record(Object& module) {
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
bool drop_row(Object& module, std::string_view table, std::uint64_t size) {
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
std::uint8_t* code_of_row(Object& module, std::string_view table, std::size_t size) {
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

bool overwrite(std::uint8_t* code, std::initializer_list<std::uint8_t> bytes) {
  if (!code)
    return false;
  std::ranges::copy(bytes, code);
  return true;
}

bool set_flags(Object& module, std::uint64_t without) {
  for (Section& section : module.sections)
    if (is_code(section) && !section.data.empty()) {
      section.flags &= ~without;
      return true;
    }
  return false;
}

bool set_version(Object& module, bool by_name) {
  Section* section = find(module, "__versions");
  if (!section || section->data.size() < 128)
    return false;
  section->data[64 + (by_name ? 8 : 0)] ^= 1;
  return true;
}

bool import(Object& module, std::string_view wanted) {
  Relocation* call = call_of_import(module);
  if (!call)
    return false;
  call->symbol = module.add_symbol({.name = std::string(wanted), .binding = STB_GLOBAL});
  return true;
}

/// Refers to a piece of the module's own init code from code that stays.
bool refer_to_init(Object& module) {
  Relocation* call = call_of_import(module);
  const elf::SectionId init = module.find_section(".init.text");
  if (!call || !init)
    return false;
  call->symbol = module.section_symbol(init);
  return true;
}

bool refer_late(Object& module, std::string_view symbol) {
  elf::LivepatchRelocations* table = late_table(module, true);
  if (!table)
    return false;
  table->relocations.front().symbol = module.add_symbol(
      {.name = std::string(symbol), .binding = STB_GLOBAL, .reserved_index = 0xff20});
  return true;
}

Relocation* late_call(Object& module) {
  for (elf::LivepatchRelocations& table : module.livepatch)
    for (Relocation& relocation : table.relocations) {
      const Bytes& data = module.sections[table.target].data;
      if (module.sections[table.target].is_text() && relocation.offset > 0 &&
          data[relocation.offset - 1] == 0xe8)
        return &relocation;
    }
  return nullptr;
}

bool drop_call(Object& module) {
  Section* section = nullptr;
  Relocation* call = call_of_import(module, &section);
  if (!call)
    return false;
  section->relocations.erase(section->relocations.begin() +
                             (call - section->relocations.data()));
  return true;
}

bool drop_late_call(Object& module) {
  Relocation* call = late_call(module);
  for (elf::LivepatchRelocations& table : module.livepatch)
    if (call && std::erase_if(table.relocations, [&](const Relocation& relocation) {
          return &relocation == call;
        }))
      return true;
  return false;
}

bool orc_entry(Object& module, std::uint8_t with) {
  const auto records = elf::function_records(module).records;
  Section* orc = find(module, ".orc_unwind");
  const Section* places = find(module, ".orc_unwind_ip");
  if (records.empty() || !orc || !places)
    return false;
  for (const Relocation& row : places->relocations) {
    const elf::Symbol& symbol = module.symbols[row.symbol];
    if (symbol.section == records[0].code &&
        symbol.value + static_cast<std::uint64_t>(row.addend) == records[0].offset) {
      std::fill_n(orc->data.begin() + static_cast<std::ptrdiff_t>(row.offset / 4 * 6), 6,
                  with);
      return true;
    }
  }
  return false;
}

bool reverse_orc(Object& module) {
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
bool label_as_compiled(Object& module) {
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

bool other_key(Object& module, std::string_view symbol) {
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

bool objtool_never_came(Object& module, std::string_view table) {
  return empty_table(module, table);
}

bool rename_table(Object& module, const std::function<std::string(std::string)>& change) {
  elf::LivepatchRelocations* table = any_late(module);
  if (!table)
    return false;
  table->name = change(table->name);
  return true;
}

const std::string kLong(60, 'x');

constexpr const char* kThis = ".gnu.linkonce.this_module";

using M = Object&;
const Fault kFaults[] = {
    // struct module
    {"name-without-end", [](M m) { for (std::size_t i = 24; i < 80; ++i) set_byte(m, kThis, i, [](auto) -> std::uint8_t { return 'x'; }); return true; }},
    {"name-empty", [](M m) { return set_byte(m, kThis, 24, [](auto) -> std::uint8_t { return 0; }); }},
    {"name-slash", [](M m) { return set_byte(m, kThis, 25, [](auto) -> std::uint8_t { return '/'; }); }},
    {"name-escape", [](M m) { return set_byte(m, kThis, 25, [](auto) -> std::uint8_t { return 0x1b; }); }},
    {"name-dot", [](M m) { return set_byte(m, kThis, 25, [](auto) -> std::uint8_t { return '.'; }); }},
    {"init-missing", [](M m) { Section* s = find(m, kThis); return std::erase_if(s->relocations, [&](auto& r) { return name(m, r) == "init_module"; }) > 0; }},
    {"exit-missing", [](M m) { Section* s = find(m, kThis); return std::erase_if(s->relocations, [&](auto& r) { return name(m, r) == "cleanup_module"; }) > 0; }},
    {"init-moved", [](M m) { for (Relocation& r : find(m, kThis)->relocations) if (name(m, r) == "init_module") r.offset += 8; return true; }},
    {"init-into-function", [](M m) { for (Relocation& r : find(m, kThis)->relocations) if (name(m, r) == "init_module") r.addend += 4; return true; }},
    {"init-is-data", [](M m) { const elf::SectionId id = m.find_section(".modinfo"); for (Relocation& r : find(m, kThis)->relocations) if (name(m, r) == "init_module") r.symbol = m.section_symbol(id); return true; }},
    {"struct-module-short", [](M m) { return resize(m, kThis, -64); }},
    {"struct-module-long", [](M m) { return resize(m, kThis, 64); }},
    {"struct-module-missing", [](M m) { find(m, kThis)->name = ".gnu.linkonce.that_module"; return true; }},
    // flags of code
    {"text-not-alloc", [](M m) { return set_flags(m, SHF_ALLOC); }},
    {"text-not-exec", [](M m) { return set_flags(m, SHF_EXECINSTR); }},
    // modinfo
    {"livepatch-missing", [](M m) { return replace_info(m, "livepatch=Y", "livepotch=Y"); }},
    {"licence-proprietary", [](M m) { return replace_info(m, "license=GPL", "license=Own"); }},
    {"licence-missing", [](M m) { return replace_info(m, "license=GPL", "lycense=GPL"); }},
    {"vermagic-missing", [](M m) { return replace_info(m, "vermagic=", "vermogic="); }},
    {"vermagic-release", [](M m) { return replace_info(m, "vermagic=6", "vermagic=5"); }},
    {"vermagic-smp", [](M m) { return replace_info(m, " SMP ", " UP "); }},
    {"vermagic-preempt", [](M m) { return replace_info(m, " preempt ", " preempt_rt "); }},
    {"vermagic-unload", [](M m) { return replace_info(m, "mod_unload ", ""); }},
    {"retpoline-missing", [](M m) { return replace_info(m, "retpoline=Y", "ritpoline=Y"); }},
    {"namespace-missing", [](M m) { return replace_info(m, "import_ns=", "impart_ns="); }},
    {"modinfo-missing", [](M m) { return empty_table(m, ".modinfo"); }},
    // header
    {"machine", [](M m) { m.header.machine = EM_AARCH64; return true; }},
    {"type-exec", [](M m) { m.header.type = ET_EXEC; return true; }},
    {"type-dyn", [](M m) { m.header.type = ET_DYN; return true; }},
    // imports
    {"crc-other", [](M m) { return set_version(m, false); }},
    {"crc-name", [](M m) { return set_version(m, true); }},
    {"crc-first", [](M m) { return set_byte(m, "__versions", 0, [](auto b) -> std::uint8_t { return b ^ 0x40; }); }},
    {"crc-table-missing", [](M m) { return empty_table(m, "__versions"); }},
    {"crc-table-cut", [](M m) { return resize(m, "__versions", -64); }},
    {"crc-table-odd", [](M m) { return resize(m, "__versions", -8); }},
    {"import-unknown", [](M m) { return import(m, "no_such_function"); }},
    {"import-not-exported", [](M m) { return import(m, "vfs_readv"); }},
    {"import-without-version", [](M m) { return import(m, "kthread_stop"); }},
    // tables of the compiler and objtool
    {"mcount-into-function", [](M m) { return move(m, "__mcount_loc", 0, 9); }},
    {"mcount-one-byte", [](M m) { return move(m, "__mcount_loc", 0, 1); }},
    {"mcount-odd-size", [](M m) { return resize(m, "__mcount_loc", -4); }},
    {"mcount-data", [](M m) { Section* s = find(m, "__mcount_loc"); s->relocations[0].symbol = m.section_symbol(m.find_section(".modinfo")); s->relocations[0].addend = 0; return true; }},
    {"mcount-twice", [](M m) { Section* s = find(m, "__mcount_loc"); if (s->relocations.size() < 2) return false; s->relocations[1].symbol = s->relocations[0].symbol; s->relocations[1].addend = s->relocations[0].addend; return true; }},
    {"fentry-overwritten", [](M m) { Section* s = find(m, "__mcount_loc"); std::uint8_t* p = code_of_row(m, "__mcount_loc", 5); (void)s; return overwrite(p, {0x90}); }},
    {"returns-missing", [](M m) { return objtool_never_came(m, ".return_sites"); }},
    {"returns-short", [](M m) { return drop_row(m, ".return_sites", 4); }},
    {"returns-moved", [](M m) { return move(m, ".return_sites", 0, 3); }},
    {"returns-odd-size", [](M m) { return resize(m, ".return_sites", -2); }},
    {"retpolines-missing", [](M m) { return objtool_never_came(m, ".retpoline_sites"); }},
    {"retpolines-moved", [](M m) { return move(m, ".retpoline_sites", 0, 2); }},
    {"retpolines-odd-size", [](M m) { return resize(m, ".retpoline_sites", -1); }},
    {"retpolines-short", [](M m) { return drop_row(m, ".retpoline_sites", 4); }},
    {"static-calls-missing", [](M m) { return objtool_never_came(m, ".static_call_sites"); }},
    {"static-calls-odd-size", [](M m) { return resize(m, ".static_call_sites", -4); }},
    {"static-calls-moved", [](M m) { return move(m, ".static_call_sites", 0, 2); }},
    {"static-calls-no-key", [](M m) { Section* s = find(m, ".static_call_sites"); return s && std::erase_if(s->relocations, [](auto& r) { return r.offset == 4; }) > 0; }},
    {"labels-odd-size", [](M m) { return resize(m, "__jump_table", -8); }},
    {"labels-moved", [](M m) { return move(m, "__jump_table", 0, 1); }},
    {"labels-target-moved", [](M m) { return move(m, "__jump_table", 4, 1); }},
    {"labels-not-nop", [](M m) { return overwrite(code_of_row(m, "__jump_table", 2), {0xcc}); }},
    {"labels-as-compiled", label_as_compiled},
    {"labels-key-code", [](M m) { return other_key(m, ".klp.sym.vmlinux.vfs_readv,0"); }},
    {"labels-key-late-data", [](M m) { return other_key(m, ".klp.sym.vmlinux.saved_command_line,0"); }},
    {"labels-key-import", [](M m) { return other_key(m, "_printk"); }},
    {"labels-key-missing", [](M m) { Section* s = find(m, "__jump_table"); return s && std::erase_if(s->relocations, [](auto& r) { return r.offset == 8; }) > 0; }},
    {"alternatives-odd-size", [](M m) { return resize(m, ".altinstructions", -1); }},
    {"alternatives-moved", [](M m) { return move(m, ".altinstructions", 0, 1); }},
    {"alternatives-replacement-moved", [](M m) { return move_replacement(m); }, true},
    {"alternatives-old-short", [](M m) { return set_byte(m, ".altinstructions", 10, [](auto b) -> std::uint8_t { return b > 1 ? b - 1 : 0; }); }},
    {"alternatives-old-zero", [](M m) { return set_byte(m, ".altinstructions", 10, [](auto) -> std::uint8_t { return 0; }); }},
    {"alternatives-old-huge", [](M m) { return set_byte(m, ".altinstructions", 10, [](auto) -> std::uint8_t { return 255; }); }},
    {"alternatives-new-long", [](M m) { return set_byte(m, ".altinstructions", 11, [](auto b) -> std::uint8_t { return b + 40; }); }},
    {"alternatives-new-longer", [](M m) { return set_byte(m, ".altinstructions", 11, [](auto b) -> std::uint8_t { return b + 1; }); }},
    {"alternatives-feature", [](M m) { return set_byte(m, ".altinstructions", 9, [](auto) -> std::uint8_t { return 0x7f; }); }},
    {"alternatives-no-code", [](M m) { return drop_first(m, ".altinstructions"); }},
    {"bugs-odd-size", [](M m) { return resize(m, "__bug_table", -5); }},
    {"bugs-short", [](M m) { return drop_row(m, "__bug_table", 12); }},
    {"bugs-missing", [](M m) { return objtool_never_came(m, "__bug_table"); }},
    {"bugs-moved", [](M m) { return move(m, "__bug_table", 0, 2); }},
    {"exceptions-odd-size", [](M m) { return resize(m, "__ex_table", -4); }},
    {"exceptions-moved", [](M m) { return move(m, "__ex_table", 0, 1); }},
    {"exceptions-fixup-moved", [](M m) { return move(m, "__ex_table", 4, 1); }, true},
    {"exceptions-type", [](M m) { return set_byte(m, "__ex_table", 8, [](auto) -> std::uint8_t { return 0x7e; }); }},
    {"locks-moved", [](M m) { return move(m, ".smp_locks", 0, 1); }},
    {"locks-odd-size", [](M m) { return resize(m, ".smp_locks", -1); }},
    {"orc-missing", [](M m) { return empty_table(m, ".orc_unwind") && empty_table(m, ".orc_unwind_ip"); }},
    {"orc-odd-size", [](M m) { return resize(m, ".orc_unwind", -1); }},
    {"orc-short", [](M m) { return resize(m, ".orc_unwind", -6); }},
    {"orc-places-short", [](M m) { return resize(m, ".orc_unwind_ip", -4); }},
    {"orc-places-odd", [](M m) { return resize(m, ".orc_unwind_ip", -1); }},
    {"orc-reversed", reverse_orc, true},
    {"orc-entry-undefined", [](M m) { return orc_entry(m, 0); }},
    {"orc-entry-garbage", [](M m) { return orc_entry(m, 0x5a); }},
    {"orc-references-missing", [](M m) { return drop_references(m, ".orc_unwind_ip"); }},
    // records
    {"records-missing", [](M m) { return empty_table(m, ".kpatch.funcs"); }},
    {"record-missing", drop_last_record},
    {"records-swapped", swap_records},
    {"record-twice", repeat_record},
    {"record-object-file", [](M m) { return set_record_text(m, 48, "ip_vs.ko"); }},
    {"record-object-unknown", [](M m) { return set_record_text(m, 48, "no_such_module"); }},
    {"record-object-long", [](M m) { return set_record_text(m, 48, kLong); }},
    {"record-object-dash", [](M m) { return set_record_text(m, 48, "snd-pcm"); }},
    {"record-object-missing", [](M m) { return drop_record_pointer(m, 48); }},
    {"record-function-unknown", [](M m) { return set_record_text(m, 40, "no_such_function"); }},
    {"record-function-init", [](M m) { return set_record_text(m, 40, "start_kernel"); }},
    {"record-function-notrace", [](M m) { return set_record_text(m, 40, "__x86_indirect_thunk_rax"); }},
    {"record-function-other", [](M m) { return set_record_text(m, 40, "vfs_readv"); }},
    {"record-function-data", [](M m) { return set_record_text(m, 40, "jiffies"); }},
    {"record-function-missing", [](M m) { return drop_record_pointer(m, 40); }},
    {"record-position-high", [](M m) { return set_record_number(m, 32, 99); }},
    {"record-code-missing", [](M m) { return drop_record_pointer(m, 0); }},
    {"record-code-moved", [](M m) { Relocation* r = record_pointer(m, 0); if (!r) return false; r->addend += 5; return true; }},
    {"record-code-without-size", [](M m) { const auto records = elf::function_records(m).records; for (elf::Symbol& s : m.symbols) if (!records.empty() && s.is_function() && s.section == records[0].code && s.value == records[0].offset) { s.size = 0; } return !records.empty(); }},
    // late relocations and their symbols
    {"late-unknown", [](M m) { return rename_late(m, [](auto t) { return with_name(t, "no_such_symbol"); }); }},
    {"late-position-high", [](M m) { return rename_late(m, [](auto t) { return with_position(t, "77"); }); }},
    {"late-position-missing", [](M m) { return rename_late(m, [](auto t) { return t.substr(0, t.rfind(',')); }); }},
    {"late-position-word", [](M m) { return rename_late(m, [](auto t) { return with_position(t, "one"); }); }},
    {"late-object-unknown", [](M m) { return rename_late(m, [](auto t) { return ".klp.sym.no_such_module" + t.substr(t.find('.', 9)); }); }},
    {"late-object-long", [](M m) { return rename_late(m, [](auto t) { return ".klp.sym." + kLong + t.substr(t.find('.', 9)); }); }},
    {"late-prefix", [](M m) { return rename_late(m, [](auto t) { return ".klp.sin." + t.substr(9); }); }},
    {"late-not-livepatch", [](M m) { elf::Symbol* s = late_symbol(m); if (!s) return false; s->reserved_index = SHN_UNDEF; return true; }},
    {"late-init-function", [](M m) { return refer_late(m, ".klp.sym.vmlinux.start_kernel,0"); }},
    {"late-table-nameless", [](M m) { return rename_table(m, [](auto) { return ".klp.rela."; }); }},
    {"late-table-prefix", [](M m) { return rename_table(m, [](auto t) { return ".klp.rila." + t.substr(10); }); }},
    {"late-table-file", [](M m) { return rename_table(m, [](auto t) { return ".klp.rela.ip_vs.ko." + t.substr(t.find('.', 10) + 1); }); }},
    {"late-table-unknown", [](M m) { return rename_table(m, [](auto t) { return ".klp.rela.no_such" + t.substr(t.find('.', 10)); }); }},
    {"late-table-vmlinux-for-module", [](M m) { auto* t = late_table(m, false); if (!t) return false; t->name = ".klp.rela.vmlinux" + t->name.substr(t->name.find('.', 10)); return true; }},
    {"late-table-module-for-vmlinux", [](M m) { auto* t = late_table(m, true); if (!t) return false; t->name = ".klp.rela.ip_vs" + t->name.substr(t->name.find('.', 10)); return true; }},
    {"late-field-not-empty", [](M m) { auto* t = any_late(m); if (!t) return false; m.sections[t->target].data[t->relocations[0].offset] = 1; return true; }},
    {"late-twice", [](M m) { auto* t = any_late(m); if (!t) return false; t->relocations.push_back(t->relocations[0]); return true; }},
    {"late-type-unknown", [](M m) { auto* t = any_late(m); if (!t) return false; t->relocations[0].type = 200; return true; }},
    {"late-type-short", [](M m) { auto* t = any_late(m); if (!t) return false; t->relocations[0].type = R_X86_64_PC16; return true; }},
    {"late-type-absolute", [](M m) { auto* t = any_late(m); if (!t) return false; t->relocations[0].type = R_X86_64_32; return true; }},
    {"late-type-none", [](M m) { Relocation* r = late_call(m); if (!r) return false; r->type = R_X86_64_NONE; return true; }},
    {"late-ordinary-symbol", [](M m) { auto* t = any_late(m); if (!t) return false; t->relocations[0].symbol = m.add_symbol({.name = "_printk", .binding = STB_GLOBAL}); return true; }},
    {"late-call-missing", drop_late_call},
    {"late-call-addend", [](M m) { Relocation* r = late_call(m); if (!r) return false; r->addend += 4; return true; }},
    {"late-call-data", [](M m) { Relocation* r = late_call(m); if (!r) return false; return (r->symbol = m.add_symbol({.name = ".klp.sym.vmlinux.saved_command_line,0", .binding = STB_GLOBAL, .reserved_index = 0xff20})) != 0; }},
    {"late-offset-outside", [](M m) { auto* t = any_late(m); if (!t) return false; t->relocations[0].offset = m.sections[t->target].data.size() - 1; return true; }},
    // ordinary relocations
    {"call-missing", drop_call},
    {"call-addend", [](M m) { Relocation* r = call_of_import(m); if (!r) return false; r->addend += 4; return true; }},
    {"call-addend-zero", [](M m) { Relocation* r = call_of_import(m); if (!r) return false; r->addend = -5; return true; }},
    {"call-field-not-empty", [](M m) { Section* s = nullptr; Relocation* r = call_of_import(m, &s); if (!r) return false; s->data[r->offset + 2] = 7; return true; }},
    {"call-type-unknown", [](M m) { Relocation* r = call_of_import(m); if (!r) return false; r->type = 199; return true; }},
    {"call-type-absolute", [](M m) { Relocation* r = call_of_import(m); if (!r) return false; r->type = R_X86_64_32; return true; }},
    {"call-init", refer_to_init},
    {"call-data", [](M m) { Relocation* r = call_of_import(m); if (!r) return false; r->symbol = m.section_symbol(m.find_section(".modinfo")); return true; }},
    {"call-offset-outside", [](M m) { Section* s = nullptr; Relocation* r = call_of_import(m, &s); if (!r) return false; r->offset = s->data.size() - 1; return true; }},
    {"boot-constant", [](M m) { for (Section& s : m.sections) if (is_code(s) && s.data.size() > 64 && s.relocations.size() < 4) { const std::initializer_list<std::uint8_t> k = {0x48, 0xb8, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01}; s.data.insert(s.data.end(), k); return true; } return false; }, true},
    {"percpu-suffix", [](M m) { m.add_section({.name = ".data..percpu..read_mostly", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(8)}); return true; }},
};

} // namespace

std::span<const Fault> all_faults() {
  return kFaults;
}

} // namespace kpatch::mutants
