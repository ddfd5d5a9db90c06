// SPDX-License-Identifier: GPL-2.0-or-later
// What the files of this folder share.
#pragma once

#include "dwarf/debug_info.h"
#include "dwarf/statements.h"

#include <elfutils/libdw.h>
#include <libelf.h>

#include <unordered_map>

namespace kpatch::dwarf {

inline constexpr int kDeepestScope =
    64; ///< of blocks in blocks; hostile input nests deeper

/// A relocatable object has no addresses; each section is given a range of its own.
std::uint64_t address_of(elf::SectionId section, std::uint64_t offset);

/// The object's debug sections alone, as a file with their relocations applied; empty if
/// there are none or a relocation is not of the kind that can be.
Bytes relocated_image(const elf::Object& object);

struct DebugInfo::Session {
  struct Close {
    void operator()(Elf* elf) const { elf_end(elf); }
    void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
  };

  Bytes image;
  std::unique_ptr<Elf, Close> elf;
  std::unique_ptr<Dwarf, Close> dwarf;
  std::unordered_map<std::uint64_t, Dwarf_Off> variables; ///< by address
  bool knows_variables = false;

  std::unique_ptr<Statements> statements; ///< made when first asked for

  const Dwarf_Off* find_variable(std::uint64_t address);
};

/// Calls `visit` with the top entry of each unit until it returns false.
template <typename Visit>
void for_each_unit(Dwarf* dwarf, Visit visit) {
  Dwarf_CU* unit = nullptr;
  Dwarf_Die top;
  while (dwarf_get_units(dwarf, unit, &unit, nullptr, nullptr, &top, nullptr) == 0)
    if (!visit(top))
      return;
}

/// Where an inlined function is called.
SourcePlace called_at(Dwarf_Die& unit, Dwarf_Die& die);

/// The path as it is shown: without the directory the compiler ran in.
std::string shown_file(Dwarf_Die& unit, const char* file);

std::string type_name(Dwarf_Die& variable);
std::string field_path(Dwarf_Die& variable, std::uint64_t byte);

} // namespace kpatch::dwarf
