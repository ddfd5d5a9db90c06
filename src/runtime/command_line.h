// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <optional>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// Runs one subcommand of `kpatch` that works on this machine and returns the exit
/// status. `arguments` starts with the subcommand.
int run_subcommand(Host& host, const std::vector<std::string>& arguments);

/// The text of `kpatch help`.
std::string usage();

} // namespace kpatch::runtime
