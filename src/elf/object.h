// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"

#include <bit>
#include <cstdint>
#include <elf.h>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::elf {

/// Index into Object::sections. 0 is never a section: it means "none".
using SectionId = std::uint32_t;
/// Index into Object::symbols. 0 is the null symbol, which every object has.
using SymbolId = std::uint32_t;

inline constexpr SectionId kNoSection = 0;
inline constexpr SymbolId kNoSymbol = 0;

/// A relocation with its addend (SHT_RELA), normalised to the symbol's id.
struct Relocation {
  std::uint64_t offset = 0;
  std::uint32_t type = 0;
  SymbolId symbol = kNoSymbol;
  std::int64_t addend = 0;

  bool operator==(const Relocation&) const = default;
};

/// A section with its own relocations. Symbol tables, string tables, SHT_SYMTAB_SHNDX and
/// SHT_RELA sections do not appear: they are folded in on reading and made again on
/// writing.
struct Section {
  std::string name;
  std::uint32_t type = SHT_PROGBITS;
  std::uint64_t flags = 0;
  std::uint64_t address = 0;
  std::uint64_t alignment = 1;
  std::uint64_t entry_size = 0;
  Bytes data;                    ///< empty for SHT_NOBITS
  std::uint64_t nobits_size = 0; ///< size of SHT_NOBITS
  SectionId link = kNoSection;   ///< sh_link where it names a section (SHF_LINK_ORDER)
  bool links_symbols = false;    ///< sh_link names the symbol table (SHT_LLVM_ADDRSIG)
  std::uint32_t info = 0;        ///< sh_info of types that give it a meaning of their own

  /// Whether a SHT_RELA section exists, even one without entries.
  bool has_relocations = false;
  std::uint64_t relocation_flags = SHF_INFO_LINK;
  std::vector<Relocation> relocations;

  /// SHT_GROUP: its flag word, members and signature symbol; `data` is empty.
  std::uint32_t group_flags = 0;
  std::vector<SectionId> group_members;
  SymbolId group_signature = kNoSymbol;

  std::uint64_t size() const { return type == SHT_NOBITS ? nobits_size : data.size(); }
  bool is_text() const { return type == SHT_PROGBITS && (flags & SHF_EXECINSTR); }
  bool is_nobits() const { return type == SHT_NOBITS; }
};

struct Symbol {
  std::string
      name; ///< for STT_SECTION the name of its section, though the file stores none
  std::uint8_t binding = STB_LOCAL;
  std::uint8_t type = STT_NOTYPE;
  std::uint8_t other = 0; ///< st_other: visibility and processor bits
  /// The section it is defined in, or kNoSection; `reserved_index` then says what it is
  /// instead.
  SectionId section = kNoSection;
  std::uint16_t reserved_index =
      SHN_UNDEF; ///< SHN_UNDEF, SHN_ABS, SHN_COMMON, SHN_LIVEPATCH
  std::uint64_t value = 0;
  std::uint64_t size = 0;

  bool is_defined() const { return section != kNoSection; }
  bool is_undefined() const {
    return section == kNoSection && reserved_index == SHN_UNDEF;
  }
  bool is_local() const { return binding == STB_LOCAL; }
  bool is_function() const { return type == STT_FUNC; }
  bool is_object() const { return type == STT_OBJECT; }
  bool is_section() const { return type == STT_SECTION; }
  bool is_file() const { return type == STT_FILE; }
};

/// A `.klp.rela.<object>.<section>` table: relocations that the kernel, not the module
/// loader, applies (Documentation/livepatch/module-elf-format.rst of the kernel).
struct LivepatchRelocations {
  std::string name;
  SectionId target = kNoSection;
  std::vector<Relocation> relocations;
};

/// What the ELF header says and we carry through.
struct Header {
  std::uint16_t machine = EM_NONE;
  std::uint16_t type = ET_REL;
  std::uint32_t flags = 0;
  std::uint8_t os_abi = 0;
  std::uint8_t abi_version = 0;
  std::endian order = std::endian::little;
  std::uint16_t program_headers = 0; ///< how many; a relocatable object has none

  bool operator==(const Header&) const = default;
};

/// An ELF64 relocatable object as a plain value.
struct Object {
  Object();

  std::string label; ///< how messages name it
  Header header;
  std::vector<Section> sections; ///< [0] is a placeholder; see SectionId
  std::vector<Symbol> symbols;   ///< [0] is the null symbol
  std::vector<LivepatchRelocations> livepatch;

  SectionId add_section(Section section);
  SymbolId add_symbol(Symbol symbol);
  /// The section's STT_SECTION symbol; made, LOCAL, if the object has none.
  SymbolId section_symbol(SectionId section);

  /// First section or symbol of that name; kNoSection or kNoSymbol if there is none.
  /// Linear: meant for tests and one-off questions.
  SectionId find_section(std::string_view name) const;
  SymbolId find_symbol(std::string_view name) const;
};

/// Reads an object file. Throws Error naming `label` and the place for anything
/// malformed.
Object read_object(std::span<const std::uint8_t> file, std::string label);
Object read_object(const std::filesystem::path& path);

/// Lays the object out as an ELF file. Symbols are written in order, but LOCAL ones
/// first, as ELF demands; every relocation follows its symbol.
Bytes write_object(const Object& object);

} // namespace kpatch::elf
