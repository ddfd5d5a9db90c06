// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::distro {

/// Has kbuild build the whole kernel, once, in the cache, and gives the target the
/// outcome's records, generated files and objects. For trees of which a unit cannot be
/// compiled by itself. A target that is a finished build already stays as it is.
kernel::Target fully_built(kernel::Target target, const kernel::TargetRequest& request);

} // namespace kpatch::distro
