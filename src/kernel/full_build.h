// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::kernel {

/// Has kbuild build the whole kernel, once, in the cache, and gives the target the
/// outcome's records, generated files and objects. For trees of which a unit cannot be
/// compiled by itself. A target that is a finished build already stays as it is.
Target fully_built(Target target, const TargetRequest& request);

} // namespace kpatch::kernel
