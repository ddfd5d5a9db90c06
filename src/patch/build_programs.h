// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace kpatch::patch {

/// Whether the makefiles of the source tree `root` compile a source file for the build
/// alone: into a program that it runs, or to assembly that it reads constants from. Parts
/// of the kernel are made by it then, although none has code of it.
bool serves_the_build(const std::filesystem::path& root, const std::string& path);

} // namespace kpatch::patch
