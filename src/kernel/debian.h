// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

#include <string>
#include <string_view>

namespace kpatch::kernel {

/// The target for a Debian kernel. What is missing in the cache is fetched from the
/// archive with apt, which needs no privilege, unpacked and prepared; the second call for
/// the same kernel finds everything there.
Target debian_target(const TargetRequest& request);

/// The newest release that the archive serves of a series and flavour, such as
/// ("6.1", "cloud-amd64"). Throws Error if there is none.
std::string newest_debian_release(std::string_view series, std::string_view flavour);

} // namespace kpatch::kernel
