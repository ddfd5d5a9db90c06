// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::kernel {

/// The file below Target::cache that lists the folders, a line each.
inline constexpr const char* kModuleFolders = "folders";

/// Whether its units are those of modules that are not part of the kernel.
bool is_out_of_tree(const Target& target);

/// The folders of its source that kbuild is started for, in their order: "." if there is
/// one module source. For such a target only.
std::vector<std::filesystem::path> module_folders(const Target& target);

/// The make command with which kbuild makes what a folder of module sources asks for, in
/// that folder.
std::vector<std::string> module_command(const Target& target,
                                        const std::filesystem::path& folder);

} // namespace kpatch::kernel
