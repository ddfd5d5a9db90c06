// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace kpatch::kernel {

/// The path relative to the top of the tree of a source file that debug information
/// names: assembly has absolute names, and builds outside the tree climb up to it
/// ("../../fs/x.c"). `source` is the top of the tree, used to see where the relative part
/// begins.
std::string unit_path(std::string_view name, const std::filesystem::path& source);

/// Fills in `modules`, `units` and `struct_sizes` of a target whose paths are known. They
/// are found out once and kept as text files in `target.cache`. The debug modules are
/// looked for below `debug_modules`, which may be empty; modules that are known already
/// are taken as they are.
void add_facts(Target& target, const std::filesystem::path& debug_modules);

/// As lines "<type> <bytes>", and back.
std::string struct_sizes_text(const special::StructSizes& sizes);
special::StructSizes parse_struct_sizes(std::string_view text, std::string_view label);

} // namespace kpatch::kernel
