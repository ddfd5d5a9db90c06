// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::kernel {

/// Throws Error that lists everything about a kernel's configuration that keeps it from
/// being patched.
void check_configuration(const Target& target);

/// Whether a patch of this kernel can replace all earlier ones.
bool can_replace(const Target& target);

} // namespace kpatch::kernel
