// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::distro {

/// Whether the request names a tree that says by itself which kernel it is: there is a
/// vmlinux given or in it.
bool is_tree_request(const kernel::TargetRequest& request);

/// The target for a kernel tree of the user's: a finished build (in the source or with
/// O=), or a clean source with a configuration and a vmlinux from elsewhere. The tree is
/// only read.
kernel::Target tree_target(const kernel::TargetRequest& request);

/// The same of files that come from packages.
struct TreeFiles {
  std::filesystem::path source; ///< clean
  std::filesystem::path config;
  std::filesystem::path vmlinux;
  std::filesystem::path symvers{};       ///< Module.symvers; empty: to be found
  std::filesystem::path debug_modules{}; ///< modules with debug information are below it
};
kernel::Target target_of_tree(const kernel::TargetRequest& request,
                              const TreeFiles& files);

} // namespace kpatch::distro
