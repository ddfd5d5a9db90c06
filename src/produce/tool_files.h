// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kpatch::produce {

/// The directory kmod/ of this project: beside the build directory the program was made
/// in, or where it is installed.
std::filesystem::path find_hook_sources();

} // namespace kpatch::produce
