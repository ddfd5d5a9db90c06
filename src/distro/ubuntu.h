// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::distro {

/// Whether the release is named as Ubuntu does it: "5.15.0-91-generic", where no word is
/// an architecture.
bool is_ubuntu_request(const kernel::TargetRequest& request);

/// The target for an Ubuntu kernel, from its packages, its debug symbols (dbgsym or dbg)
/// and its source package, fetched with apt-get.
kernel::Target ubuntu_target(const kernel::TargetRequest& request);

} // namespace kpatch::distro
