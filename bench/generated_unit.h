// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <fmt/format.h>

#include <string>

namespace kpatch::bench {

inline constexpr std::uint64_t kOrcEntry = 6;
inline constexpr std::uint64_t kOrcPlace = 4;
inline constexpr std::uint64_t kBugEntry = 12;

/// A traced function that calls two others.
inline void add_function(elf::Object& object, unsigned number, std::uint8_t filler,
                         elf::SymbolId fentry) {
  const std::string name = fmt::format("function_{:06}_of_a_big_unit", number);
  Bytes code(64, filler);
  for (const std::size_t call : {0, 16, 32}) {
    code[call] = 0xe8; // call rel32
    std::fill_n(code.begin() + static_cast<std::ptrdiff_t>(call) + 1, 4, std::uint8_t{0});
  }
  const elf::SectionId section = object.add_section({.name = ".text." + name,
                                                     .flags = SHF_ALLOC | SHF_EXECINSTR,
                                                     .alignment = 16,
                                                     .data = std::move(code),
                                                     .has_relocations = true});
  object.add_symbol({.name = ".text." + name, .type = STT_SECTION, .section = section});
  const elf::SymbolId own = object.add_symbol({.name = name,
                                               .binding = STB_GLOBAL,
                                               .type = STT_FUNC,
                                               .section = section,
                                               .size = 64});
  object.sections[section].relocations = {
      {1,  R_X86_64_PLT32, fentry, -4},
      {17, R_X86_64_PLT32, own,    -4},
      {33, R_X86_64_PLT32, own,    -4}
  };
}

/// A table with one entry for each function.
inline void add_table(elf::Object& object, const std::string& name, std::uint64_t size,
                      bool has_relocations) {
  elf::Section table{.name = name,
                     .flags = SHF_ALLOC,
                     .alignment = 1,
                     .has_relocations = has_relocations};
  for (elf::SymbolId id = 1; id < object.symbols.size(); ++id) {
    if (!object.symbols[id].is_function())
      continue;
    if (has_relocations)
      table.relocations.push_back({table.data.size(), R_X86_64_PC32, id, 8});
    table.data.resize(table.data.size() + size);
  }
  object.add_section(std::move(table));
}

/// A unit with `count` functions, the last of which is filled with another byte, and the
/// special sections that nearly every function is in.
inline elf::Object generated_unit(unsigned count, std::uint8_t last_filler) {
  elf::Object object;
  object.header.machine = EM_X86_64;
  object.label = "generated.o";
  object.add_symbol({.name = "unit.c", .type = STT_FILE, .reserved_index = SHN_ABS});
  const elf::SymbolId fentry =
      object.add_symbol({.name = "__fentry__", .binding = STB_GLOBAL});
  for (unsigned number = 1; number <= count; ++number)
    add_function(object, number, number == count ? last_filler : 0x90, fentry);
  add_table(object, ".orc_unwind", kOrcEntry, false);
  add_table(object, ".orc_unwind_ip", kOrcPlace, true);
  add_table(object, "__bug_table", kBugEntry, true);
  return object;
}

/// The defined symbols as `readelf -s --wide` prints them.
inline std::string as_readelf(const elf::Object& object) {
  std::string text = "\nSymbol table '.symtab' contains all entries:\n";
  std::uint64_t number = 0;
  for (const elf::Symbol& symbol : object.symbols)
    if (symbol.is_function() || symbol.is_file()) {
      ++number;
      text += fmt::format("{:6}: {:016x} {:5} {:7} {:6} DEFAULT    1 {}\n", number,
                          0xffffffff81000000 + 64 * number, symbol.size,
                          symbol.is_file() ? "FILE" : "FUNC",
                          symbol.is_local() ? "LOCAL" : "GLOBAL", symbol.name);
    }
  return text;
}

} // namespace kpatch::bench
