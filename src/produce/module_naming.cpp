// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/module_naming.h"

#include "base/module_name.h"

namespace kpatch::produce {

std::string module_name_from(std::string_view wanted) {
  return with_dashes(wanted.substr(0, kLongestModuleName));
}

std::string default_module_name(std::span<const std::filesystem::path> patches,
                                kernel::PatchedBy taker) {
  std::string base = "patch";
  if (patches.size() == 1) {
    std::filesystem::path name = patches[0].filename();
    if (name.extension() == ".patch" || name.extension() == ".diff")
      name.replace_extension();
    base = name.native();
  }
  const bool is_core = taker == kernel::PatchedBy::kCore;
  return module_name_from((is_core ? "kpatch-" : "livepatch-") + base);
}

} // namespace kpatch::produce
