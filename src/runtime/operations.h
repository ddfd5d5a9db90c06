// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <string>
#include <vector>

namespace kpatch::runtime {

/// The operations of the `kpatch` program. They throw Error when they cannot do what they
/// are asked. A module is named by a path (it contains `.ko`) or as one of those
/// installed for the running kernel.
void load_patch(Host& host, const std::string& module);
void load_all_patches(Host& host);
void unload_patch(Host& host, const std::string& module);
void unload_all_patches(Host& host);
void list_patches(Host& host);
void signal_patch(Host& host);

/// Module files installed for one kernel release, sorted.
std::vector<std::filesystem::path>
installed_modules(const std::filesystem::path& directory);

} // namespace kpatch::runtime
