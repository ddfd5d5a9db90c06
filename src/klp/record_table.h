// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <string>
#include <vector>

namespace kpatch::klp {

/// A symbol that only the running kernel has: its livepatch code looks it up by name.
struct SymbolRecord {
  std::string object; ///< "vmlinux" or the module that owns it
  std::string name;
  std::uint64_t address = 0; ///< in the image of vmlinux; 0 for what is a module's
  std::uint64_t sympos = 0;
  std::uint8_t binding = STB_LOCAL;
  std::uint8_t type = STT_NOTYPE;
};

/// A relocation against such a symbol.
struct RelocationRecord {
  elf::SectionId section = elf::kNoSection; ///< where it is applied
  std::uint64_t offset = 0;
  std::uint32_t type = 0;
  std::int64_t addend = 0;
  std::string object; ///< "vmlinux" or the module that is patched
  SymbolRecord symbol;
};

/// A section to be applied only once the object is loaded.
struct ArchRecord {
  elf::SectionId section = elf::kNoSection;
  std::string object;
};

/// Whether a section of that name holds records, which do not stay in the module.
bool is_record_section(std::string_view name);

/// The records that the linked module carries. Throws Error for anything malformed.
std::vector<RelocationRecord> read_relocation_records(const elf::Object& module);
/// Empty if there is no `.kpatch.arch`.
std::vector<ArchRecord> read_arch_records(const elf::Object& module);

} // namespace kpatch::klp
