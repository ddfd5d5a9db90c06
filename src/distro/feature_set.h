// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kpatch::distro {

/// "rt" for headers that depend on "linux-headers-6.1.0-56-common-rt"; empty for the
/// plain "linux-headers-6.1.0-56-common" and everything else.
std::string feature_set_of(std::string_view common_headers);

/// Puts the headers of a feature set, a package file, in the place of those of the
/// source.
void take_headers(const std::filesystem::path& package,
                  const std::filesystem::path& source);

/// Applies the patches of a feature set to the plain source. `packaging` is what Debian
/// adds to the original source, an archive. Throws Error if it has no such patches or one
/// of them does not apply exactly.
void apply_feature_set(const std::filesystem::path& packaging, const std::string& name,
                       const std::filesystem::path& source);

} // namespace kpatch::distro
