// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::distro {

/// The target that the request means, from wherever its form and the name of its release
/// say that it comes. Throws Error if it cannot be patched.
kernel::Target find_target(kernel::TargetRequest request);

/// The source of a later version in the series of the kernel, as `wanted` says ("newest",
/// "6.12.117"). Throws Error if whoever provides the kernel has none, naming those that
/// it has.
std::filesystem::path find_newer_source(const kernel::TargetRequest& request,
                                        const kernel::Target& target,
                                        const std::string& wanted);

} // namespace kpatch::distro
