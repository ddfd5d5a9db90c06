// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/process.h"

#include <cstddef>

namespace kpatch {

/// As run_checked(), for a program that a hostile input makes print without end: it is
/// ended, and Error thrown, when its standard output exceeds `limit` bytes.
std::string run_limited(const Command& command, std::size_t limit);

} // namespace kpatch
