// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel takes module names of up to 55 characters (MODULE_NAME_LEN less the NUL),
// and kbuild passes them through make and C identifiers.
#include "produce/module_naming.h"

#include <algorithm>

namespace kpatch::produce {

namespace {

constexpr std::size_t kLongestName = 55;

bool is_allowed(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         c == '_' || c == '-';
}

} // namespace

std::string module_name_from(std::string_view wanted) {
  std::string name(wanted.substr(0, kLongestName));
  std::ranges::replace_if(
      name, [](char c) { return !is_allowed(c); }, '-');
  return name;
}

std::string default_module_name(std::span<const std::filesystem::path> patches) {
  std::string base = "patch";
  if (patches.size() == 1) {
    std::filesystem::path name = patches[0].filename();
    if (name.extension() == ".patch" || name.extension() == ".diff")
      name.replace_extension();
    base = name.native();
  }
  return module_name_from("livepatch-" + base);
}

} // namespace kpatch::produce
