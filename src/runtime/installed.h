// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// Module files installed for one kernel release, sorted as versions are: v9, v10.
std::vector<std::filesystem::path>
installed_modules(const std::filesystem::path& directory);

/// The installed file whose name (base name without `.ko`, or whole) or whose module is
/// called so.
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
