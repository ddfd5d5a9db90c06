// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes small objects in a few lines, as a compiler with -ffunction-sections would.
#pragma once

#include "diff/diff.h"
#include "elf/object.h"

#include <algorithm>
#include <string>
#include <vector>

namespace kpatch::diff::testing {

/// The machine code of a traced x86-64 function: call __fentry__, then `body`.
inline Bytes traced(const Bytes& body) {
  Bytes code = {0xe8, 0, 0, 0, 0};
  code.insert(code.end(), body.begin(), body.end());
  return code;
}

class ObjectBuilder {
 public:
  ObjectBuilder() {
    object_.header.machine = EM_X86_64;
    object_.label = "unit.o";
    object_.add_symbol({.name = "unit.c", .type = STT_FILE, .reserved_index = SHN_ABS});
  }

  /// An undefined global, or the symbol of that name.
  elf::SymbolId symbol(const std::string& name) {
    const elf::SymbolId known = object_.find_symbol(name);
    return known ? known : object_.add_symbol({.name = name, .binding = STB_GLOBAL});
  }

  /// A function with an ftrace entry in `.text.<name>`; `body` follows the call.
  elf::SymbolId function(const std::string& name, const Bytes& body,
                         std::uint8_t binding = STB_GLOBAL) {
    const elf::SymbolId id = plain_function(name, traced(body), binding);
    add_relocation(name, 1, R_X86_64_PLT32, symbol("__fentry__"), -4);
    return id;
  }

  /// One without.
  elf::SymbolId plain_function(const std::string& name, const Bytes& code,
                               std::uint8_t binding = STB_GLOBAL,
                               const std::string& prefix = ".text.") {
    const elf::SectionId section =
        object_.add_section({.name = prefix + name,
                             .flags = SHF_ALLOC | SHF_EXECINSTR,
                             .alignment = 16,
                             .data = code});
    object_.section_symbol(section);
    return define(name, STT_FUNC, section, code.size(), binding);
  }

  /// A variable in `.data.<name>`.
  elf::SymbolId variable(const std::string& name, const Bytes& data,
                         std::uint8_t binding = STB_LOCAL) {
    const elf::SectionId section = object_.add_section({.name = ".data." + name,
                                                        .flags = SHF_ALLOC | SHF_WRITE,
                                                        .alignment = 8,
                                                        .data = data});
    object_.section_symbol(section);
    return define(name, STT_OBJECT, section, data.size(), binding);
  }

  elf::SectionId section(elf::Section section) {
    const elf::SectionId id = object_.add_section(std::move(section));
    object_.section_symbol(id);
    return id;
  }

  elf::SymbolId define(const std::string& name, std::uint8_t type, elf::SectionId section,
                       std::uint64_t size, std::uint8_t binding = STB_LOCAL) {
    const elf::Symbol symbol{
        .name = name, .binding = binding, .type = type, .section = section, .size = size};
    if (const elf::SymbolId known = object_.find_symbol(name)) {
      object_.symbols[known] = symbol;
      return known;
    }
    return object_.add_symbol(symbol);
  }

  /// A relocation in the section of a function or variable.
  void add_relocation(const std::string& user, std::uint64_t offset, std::uint32_t type,
                      elf::SymbolId target, std::int64_t addend) {
    relocate(object_.symbols[object_.find_symbol(user)].section,
             {offset, type, target, addend});
  }

  void relocate(elf::SectionId section, const elf::Relocation& relocation) {
    object_.sections[section].has_relocations = true;
    object_.sections[section].relocations.push_back(relocation);
  }

  elf::Object& object() { return object_; }
  elf::Object build() const { return object_; }

 private:
  elf::Object object_;
};

/// Compares two objects as parts of a vmlinux whose symbols are the original's.
class Diffing {
 public:
  Result run(const elf::Object& original, const elf::Object& patched) {
    index_ = image::SymbolIndex();
    std::uint64_t address = 0xffffffff81000000;
    for (const elf::Symbol& symbol : original.symbols)
      if (!symbol.name.empty() && !symbol.is_section() && !symbol.is_undefined() &&
          symbol.name != inlined)
        index_.add({.name = symbol.name,
                    .value = address += 0x100,
                    .size = symbol.size,
                    .type = symbol.type,
                    .binding = symbol.binding});
    for (const std::string& name : more_symbols)
      index_.add({.name = name, .type = STT_FUNC, .binding = STB_LOCAL});
    for (const std::string& name : more_globals)
      index_.add({.name = name,
                  .value = address += 0x100,
                  .type = STT_OBJECT,
                  .binding = STB_GLOBAL});
    for (const std::string& name : more_functions)
      index_.add({.name = name,
                  .value = address += 0x100,
                  .type = STT_FUNC,
                  .binding = STB_GLOBAL});
    return compare(original, patched,
                   {.label = "unit.o",
                    .parent = parent,
                    .parent_symbols = index_,
                    .symvers = symvers,
                    .sizes = sizes,
                    .klp_arch = klp_arch,
                    .explain = explain,
                    .init_changes = init_changes,
                    .set_data = set_data,
                    .left_out = left_out,
                    .own_copies = own_copies,
                    .uncalled = uncalled});
  }

  std::vector<std::string> more_symbols;   ///< locals of the parent beyond the original's
  std::vector<std::string> more_globals;   ///< globals of the parent, not exported
  std::vector<std::string> more_functions; ///< the same, functions
  std::string inlined{};                   ///< of the original, but not in the parent
  std::string parent = "vmlinux";
  image::Symvers symvers;
  special::StructSizes sizes;
  bool klp_arch = false;
  bool explain = false;
  InitChanges init_changes = InitChanges::kLeaveOutUnits;
  bool set_data = false;
  std::set<std::string> left_out{};
  std::set<std::string> own_copies{};
  std::set<std::string> uncalled{};

 private:
  image::SymbolIndex index_;
};

inline bool says(const Result& result, std::string_view line) {
  return std::ranges::find(result.notes, line, line_of) != result.notes.end();
}

/// The notes as the terminal has them.
inline std::vector<std::string> lines(const Result& result) {
  std::vector<std::string> lines;
  std::ranges::transform(result.notes, std::back_inserter(lines), line_of);
  return lines;
}

inline std::vector<std::string> codes(const Result& result) {
  std::vector<std::string> codes;
  for (const Problem& problem : result.problems)
    codes.push_back(problem.code);
  return codes;
}

} // namespace kpatch::diff::testing
