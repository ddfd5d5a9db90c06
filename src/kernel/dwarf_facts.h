// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/struct_sizes.h"
#include "kernel/type_layouts.h"

#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::kernel {

/// A structure of the kernel whose size is wanted.
struct EntryType {
  std::string_view name;
  std::optional<std::uint32_t> StructSizes::*size;
};

inline constexpr std::array kEntryTypes = {
    EntryType{"alt_instr", &StructSizes::alt},
    EntryType{"bug_entry", &StructSizes::bug},
    EntryType{"exception_table_entry", &StructSizes::exception},
    EntryType{"jump_entry", &StructSizes::jump},
    EntryType{"pi_entry", &StructSizes::printk_index},
    EntryType{"paravirt_patch_site", &StructSizes::paravirt},
    EntryType{"static_call_site", &StructSizes::static_call},
    EntryType{"fixup_entry", &StructSizes::fixup},
    EntryType{"orc_entry", &StructSizes::orc},
};

/// The main source files of the C translation units in a vmlinux or module with debug
/// information, as the compiler was given them: relative to the top of the tree.
std::vector<std::string> compile_units(const std::filesystem::path& file);

/// Sizes of the special sections' entries, as far as the debug information of vmlinux
/// defines their types.
StructSizes read_struct_sizes(const std::filesystem::path& vmlinux);

/// The layouts of those types ("struct file") that the debug information defines.
TypeLayouts read_type_layouts(const std::filesystem::path& file,
                              const std::set<std::string>& names);

} // namespace kpatch::kernel
