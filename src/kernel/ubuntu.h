// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::kernel {

/// Whether the release is named as Ubuntu does it: "5.15.0-91-generic", where no word is
/// an architecture.
bool is_ubuntu_request(const TargetRequest& request);

/// The target for an Ubuntu kernel, from its packages, its debug symbols (dbgsym or dbg)
/// and its source package, fetched with apt-get.
Target ubuntu_target(const TargetRequest& request);

} // namespace kpatch::kernel
