// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is the same for the kernels of all distributions.
#include "kernel/target.h"

#include "base/error.h"
#include "base/module_name.h"

namespace kpatch::kernel {
namespace fs = std::filesystem;

const fs::path& Target::debug_file(std::string_view owner) const {
  if (owner == kVmlinux)
    return vmlinux;
  const auto found = modules.find(owner);
  if (found == modules.end())
    fail("{}: this kernel ({}) has no such module", owner, release);
  if (found->second.debug.empty())
    fail("{}: found no debug information for this module of {}", owner, release);
  return found->second.debug;
}

const fs::path& Target::shipped_file(std::string_view owner) const {
  if (owner == kVmlinux)
    return image.empty() ? vmlinux : image;
  const auto found = modules.find(owner);
  if (found == modules.end())
    fail_with_remedy(
        fmt::format(
            "install the package that has the modules of {}, or unpack it so that "
            "its lib/modules is in one place with the vmlinux that -v names",
            release),
        "{}: this module is not in lib/modules/{}", owner, release);
  return found->second.shipped;
}

std::vector<image::ParentSymbol> Target::symbols(std::string_view owner) const {
  return image::read_symbols(debug_file(owner));
}

std::string lacking_patches_remedy(const Target& target) {
  if (target.feature_set.empty())
    return {};
  return fmt::format("put the part of the distribution's source package that has the "
                     "patches of the feature set '{}' there: {} (snapshot.debian.org has "
                     "those of all versions); or give a source that has them with -s",
                     target.feature_set, target.patches_file.string());
}

} // namespace kpatch::kernel
