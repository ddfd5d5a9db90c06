// SPDX-License-Identifier: GPL-2.0-or-later
//
// Commands that need the files of a kernel take them from two options.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <string_view>

namespace kpatch::runtime {

inline constexpr const char* kVmlinuzHelp = "The kernel's image; needs --modules";
inline constexpr const char* kModulesHelp =
    "Directory of lib/modules/RELEASE, for a kernel that is neither in the cache nor "
    "installed; needs --vmlinuz";

/// Throws Error if only one of the two is given.
inline void require_both(std::string_view command, const std::filesystem::path& vmlinuz,
                         const std::filesystem::path& modules) {
  if (vmlinuz.empty() != modules.empty())
    fail("{}: --vmlinuz and --modules go together", command);
}

} // namespace kpatch::runtime
