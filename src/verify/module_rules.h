// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "elf/object.h"
#include "image/image.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::verify {

/// What a module that comes with the kernel is like.
struct ShippedModule {
  std::uint16_t machine = 0;
  std::uint64_t size = 0; ///< of struct module
  std::uint64_t init = 0; ///< where in it the pointers to its functions are
  std::uint64_t exit = 0;
  bool says_retpoline = false;
};

/// What a finished module is checked against. What is not known is not asked.
struct ModuleRules {
  std::string release;  ///< of the kernel that is to load it
  bool has_orc = false; ///< that kernel unwinds by ORC
  std::string vermagic; ///< the whole of it
  std::optional<ShippedModule> shipped;
  /// The image of "vmlinux" or of a module; null if there is none.
  std::function<const image::Image*(std::string_view)> image;
};

/// Checks a finished livepatch module by what the kernel's loader and livepatch core will
/// ask of it, without help from the code that made it. Codes are KP50xx. Throws Error for
/// a processor whose relocations cannot be read in place (Arch::field).
std::vector<Problem> check_module(const elf::Object& module, const ModuleRules& rules);

/// The part of that which asks nothing of the kernel and reads no fields, for processors
/// of which neither can be read.
std::vector<Problem> check_module_alone(const elf::Object& module);

} // namespace kpatch::verify
