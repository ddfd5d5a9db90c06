// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/config.h"

#include <filesystem>
#include <string>

namespace kpatch::patch {

/// The option ("CONFIG_X") that keeps a file of the source tree `root` out of a kernel of
/// this configuration, as the lists in its makefiles say; empty if none does or they do
/// not tell.
std::string missing_option(const std::filesystem::path& root,
                           const kernel::Config& config, const std::string& path);

} // namespace kpatch::patch
