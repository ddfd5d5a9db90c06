// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/diff.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace kpatch::klp {

/// Functions of the kernel whose address the patch takes though nothing may call them
/// through a pointer any more (kernel::sealed_functions).
std::vector<std::string> sealed_references(const diff::Delta& delta,
                                           const std::set<std::uint64_t>& sealed);

/// Gives each of them a thunk in the patch to which those references lead instead.
void add_landing_thunks(diff::Delta& delta, const std::set<std::uint64_t>& sealed);

} // namespace kpatch::klp
