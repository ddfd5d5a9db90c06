// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packages of finished patch modules, for the package manager of the machines that are to
// run them. There is one for each release of the kernel; its next version takes the place
// of the one before, as the module in it does in the kernel.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kpatch::package {

/// What goes into a package.
struct Contents {
  std::filesystem::path module; ///< signed, if it is to be
  std::filesystem::path provenance, sbom, vex;
};

/// Before anything is built: throws Error if the package could not be made in the end.
/// `format` is deb or rpm.
void check_format(std::string_view format, const std::string& author);

/// Writes the package into the directory and returns its path.
std::filesystem::path make_package(std::string_view format, const Contents& contents,
                                   const std::filesystem::path& directory);

} // namespace kpatch::package
