// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "runtime/host.h"

#include <string>

namespace kpatch::runtime {

/// One line for the system's journal: what was done, by whom, with which result, and what
/// is in force now. `error` is empty if it went well.
std::string journal_line(const Places& places, const std::string& command, Exit status,
                         const std::string& error);

} // namespace kpatch::runtime
