// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::distro {

/// The release of the kernel that a module file was built for, from its version magic.
std::string release_of_module(const std::filesystem::path& module);

/// Turns the target of a kernel into one of modules that are not part of it: patches
/// apply to their source, and only they own units. They are built once in a copy of the
/// source in the cache; neither that nor the modules in use are written to.
kernel::Target with_out_of_tree_modules(kernel::Target kernel,
                                        const kernel::TargetRequest& request);

} // namespace kpatch::distro
