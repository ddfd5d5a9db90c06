// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/patched_by.h"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace kpatch::produce {

/// A module name made of `wanted`: every character outside [A-Za-z0-9_-] becomes `-`, and
/// what exceeds 55 characters is cut off.
std::string module_name_from(std::string_view wanted);

/// The name of the module if the user gives none: "livepatch-" and the name of the patch,
/// or of "patch" if there are several. Where kpatch.ko takes it, "kpatch-".
std::string default_module_name(std::span<const std::filesystem::path> patches,
                                kernel::PatchedBy taker = kernel::PatchedBy::kLivepatch);

} // namespace kpatch::produce
