// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/live.h"

#include <filesystem>

namespace kpatch::distro {

/// Unpacks an RPM package file below `into`. Nothing is written outside of it, whatever
/// names and links the package has; one that tries is refused, and so is one that holds
/// device nodes, pipes or sockets. Set-uid bits are cleared. Throws Error naming the
/// package.
void unpack_rpm(const std::filesystem::path& package, const std::filesystem::path& into,
                const Live& live = {});

/// The same for a Debian package file.
void unpack_deb(const std::filesystem::path& package, const std::filesystem::path& into,
                const Live& live = {});

} // namespace kpatch::distro
