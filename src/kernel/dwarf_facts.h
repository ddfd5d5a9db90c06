// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/type_layouts.h"
#include "special/struct_sizes.h"

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::kernel {

/// The main source files of the C translation units in a vmlinux or module with debug
/// information, as the compiler was given them: relative to the top of the tree.
std::vector<std::string> compile_units(const std::filesystem::path& file);

/// Sizes of the wanted structures, as far as the debug information of vmlinux defines
/// them.
special::StructSizes read_struct_sizes(const std::filesystem::path& vmlinux);

/// The layouts of those types ("struct file") that the debug information defines.
TypeLayouts read_type_layouts(const std::filesystem::path& file,
                              const std::set<std::string>& names);

} // namespace kpatch::kernel
