// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// Module files installed for one kernel release, sorted as versions are: v9, v10. The
/// one that takes patches, kpatch.ko, is none of them.
std::vector<std::filesystem::path>
installed_modules(const std::filesystem::path& directory);

/// The same in the order in which they are to be loaded: those that replace all
/// others first, of these the one installed last at the end; then the others.
std::vector<std::filesystem::path>
modules_in_loading_order(const std::filesystem::path& directory);

/// Where installed modules are kept that a newer one has superseded: for
/// rolling back.
std::filesystem::path superseded_modules(const Places& places,
                                         const std::string& release);

/// The installed file whose name (base name without `.ko`, or whole) or whose
/// module is called so.
std::optional<std::filesystem::path>
find_installed(const std::filesystem::path& directory, const std::string& name);

/// The name of the module inside, or that of the file if it cannot be read.
std::string name_inside(const std::filesystem::path& file);

/// The file meant by an argument: a path if it contains `.ko`, otherwise, and if there is
/// no such file, one of those installed for the running kernel. Throws Error if there is
/// none.
std::filesystem::path find_module_file(const Host& host, const std::string& argument);

/// The module meant by an argument, which need not exist as a file any more.
std::string find_module_name(const Host& host, const std::string& argument);

} // namespace kpatch::runtime
