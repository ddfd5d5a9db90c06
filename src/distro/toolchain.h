// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/apt.h"
#include "distro/live.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::distro {

/// Programs and libraries of a release, unpacked in the cache with all that they need,
/// the C library included.
struct Toolchain {
  std::filesystem::path folder;
  std::string packages; ///< "binutils 2.44-3, gcc-14 14.2.0-19, ..."

  /// The program of this name, to be started like any other.
  std::filesystem::path program(std::string_view name) const {
    return folder / "bin" / name;
  }
};

/// The toolchain in this folder of the cache. If there is none, the packages are
/// downloaded that `install` has apt install on an empty system, as arguments of apt-get.
/// The `apt` is asked for only then. Packages that have one of the `preferred` versions
/// are taken in it.
Toolchain make_toolchain(const std::filesystem::path& folder,
                         const std::function<const Apt&()>& apt,
                         const std::vector<std::string>& install,
                         const std::vector<std::string>& preferred = {},
                         const Live& live = {});

/// The packages, "name=version", that `apt-get --simulate` says it would install.
std::vector<std::string> parse_simulation(std::string_view text);

/// Whether a program finds its libraries here, in the versions that it needs.
bool runs_here(const std::filesystem::path& program);

/// Puts in the place of a program one that starts it with the libraries of a toolchain.
void run_with(const Toolchain& toolchain, const std::filesystem::path& program);

} // namespace kpatch::distro
