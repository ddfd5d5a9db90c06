// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names of kernel modules. They become parts of paths in sysfs and of names of sections,
// and what the kernel's build gives has no characters but these (scripts/Makefile.lib:
// name-fix).
#pragma once

#include "base/text.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace kpatch {

/// Bytes of a name in struct module, with the end (MODULE_NAME_LEN, include/linux/
/// moduleparam.h, on 64-bit machines).
inline constexpr std::size_t kModuleNameSize = 56;
inline constexpr std::size_t kLongestModuleName = kModuleNameSize - 1;
/// Where it is in struct module: behind `enum module_state state; struct list_head list;`
/// (include/linux/module.h, on 64-bit machines).
inline constexpr std::size_t kModuleNameOffset = 24;

/// What stands in the place of such a name for the kernel proper.
inline constexpr std::string_view kVmlinux = "vmlinux";

constexpr bool is_of_module_names(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

constexpr bool is_module_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestModuleName &&
         std::ranges::all_of(name, is_of_module_names);
}

/// With dashes for what a name of a module cannot have; it may be too long, or empty.
inline std::string with_dashes(std::string_view wanted) {
  std::string name(wanted);
  std::ranges::replace_if(
      name, [](char c) { return !is_of_module_names(c); }, '-');
  return name;
}

} // namespace kpatch
