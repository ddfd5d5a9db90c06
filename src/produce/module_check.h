// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "kernel/target.h"

#include <filesystem>
#include <vector>

namespace kpatch::produce {

/// What the target's loader would not like about a finished module; nothing for a kernel
/// whose image cannot be read.
std::vector<Problem> module_problems(const kernel::Target& target,
                                     const std::filesystem::path& module);

} // namespace kpatch::produce
