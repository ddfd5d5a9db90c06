// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"
#include "runtime/module_file.h"

#include <filesystem>
#include <string_view>

namespace kpatch::runtime {

/// kpatch.ko, which takes patches where the kernel has no livepatch code, as the kernel
/// calls it and as its file is called. kpatch-build puts it beside each patch.
inline constexpr std::string_view kCore = "kpatch";
inline constexpr std::string_view kCoreFile = "kpatch.ko";

/// Loads it if the module in `file` is for it and it is not loaded. It is looked for
/// beside the file, then among what is installed. Throws Error if it is in neither place,
/// or if the kernel does not take it.
void load_core(Host& host, const std::filesystem::path& file, const ModuleFile& module);

/// Puts the one that lies beside `file` into a folder of installed modules, if the module
/// is for it. Throws Error if there is none in either place.
void install_core(Host& host, const std::filesystem::path& file, const ModuleFile& module,
                  const std::filesystem::path& directory);

/// Takes it out of a folder in which no module is left.
void drop_unused_core(const std::filesystem::path& directory);

} // namespace kpatch::runtime
