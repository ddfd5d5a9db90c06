// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/operations.h"

#include <string>

namespace kpatch::runtime {

/// Puts the patch in the place of all that are loaded and installed: it is loaded, and
/// when it is in force installed, and what it replaces set aside. Else nothing changes.
Exit upgrade_patch(Host& host, const std::string& file, const LoadOptions& options = {});

/// What install_patch() does with those that are installed already.
enum class Others {
  kSuperseded, ///< set aside if the patch replaces them
  kKept,
};
int install_patch_beside(Host& host, const std::string& file, const std::string& release,
                         Others others);

} // namespace kpatch::runtime
