// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::distro {

/// The target for a Debian kernel. What is missing in the cache is fetched from the
/// archive with apt, which needs no privilege, unpacked and prepared; the second call for
/// the same kernel finds everything there.
kernel::Target debian_target(const kernel::TargetRequest& request);

} // namespace kpatch::distro
