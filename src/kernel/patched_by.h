// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::kernel {

/// Who redirects functions in a kernel.
enum class PatchedBy {
  kLivepatch, ///< the kernel's own livepatch code
  kCore,      ///< kpatch.ko (kmod/core/), where the kernel has none
};

PatchedBy patched_by(const Target& target);

} // namespace kpatch::kernel
