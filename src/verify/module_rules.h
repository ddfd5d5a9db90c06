// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "elf/object.h"
#include "kernel/image.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::verify {

/// What a finished module is checked against.
struct ModuleRules {
  std::string release;  ///< of the kernel that is to load it
  bool has_orc = false; ///< that kernel unwinds by ORC
  /// The image of "vmlinux" or of a module; null if there is none.
  std::function<const kernel::Image*(std::string_view)> image;
};

/// Checks a finished livepatch module by what the kernel's loader and livepatch core will
/// ask of it, without help from the code that made it. Codes are KP50xx.
std::vector<Problem> check_module(const elf::Object& module, const ModuleRules& rules);

} // namespace kpatch::verify
