// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <string>
#include <vector>

namespace kpatch::runtime {

/// Releases that patches are installed for and whose kernel is no longer on this system.
std::vector<std::string> gone_kernels(const Places& places);

/// Says which these are, if any.
void tell_of_gone_kernels(Host& host);

/// Removes what is installed for them.
void prune_installed(Host& host);

} // namespace kpatch::runtime
