// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::kernel {

/// The target that the request means, from wherever its form and the name of its release
/// say that it comes. Throws Error if it cannot be patched.
Target find_target(TargetRequest request);

} // namespace kpatch::kernel
