// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::distro {

/// The target that the request means, from wherever its form and the name of its release
/// say that it comes. Throws Error if it cannot be patched.
kernel::Target find_target(kernel::TargetRequest request);

} // namespace kpatch::distro
