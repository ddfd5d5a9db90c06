// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kpatch::elf {

/// Ends the name of new code that must not be called like what it replaces.
inline constexpr std::string_view kUniqueSuffix = ".kpatch";

/// A function that a livepatch module replaces, as the file says it: nothing is checked.
struct FunctionRecord {
  std::string object; ///< "vmlinux" or a module; empty: the record names none
  std::string name;
  std::uint64_t position = 0;  ///< 0: the only one of that name
  SectionId code = kNoSection; ///< where the new function is; kNoSection: nowhere
  std::uint64_t offset = 0;
};

struct FunctionRecords {
  std::string table;  ///< the section that they stand in; empty: the module has none
  std::string damage; ///< why it cannot be read as records; mostly empty
  std::vector<FunctionRecord> records;
};

/// What kpatch modules say in `.kpatch.funcs`, modules of the kernel's own builder in
/// `.init.klp_objects` and `.init.klp_funcs`.
FunctionRecords function_records(const Object& module);

} // namespace kpatch::elf
