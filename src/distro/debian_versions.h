// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/debian_archive.h"

#include <filesystem>
#include <string>

namespace kpatch::distro {

/// The version of the image package of a release: that of the running kernel if it is
/// that, else what the cache has, else the newest that is served. Throws Error naming the
/// nearest releases if there is none.
std::string choose_version(const std::filesystem::path& cache, DebianArchive& archive,
                           const std::string& release);

/// Throws Error for a kernel of which the archive serves the image, but no longer what it
/// takes to build for it.
void refuse_image_alone(const DebianArchive& archive, const std::string& release,
                        const std::string& version);

} // namespace kpatch::distro
