// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "diff/diff.h"

#include <cstdint>
#include <set>
#include <vector>

namespace kpatch::klp {

/// A problem for each word of data that the patch would set to the address of a function
/// which the kernel has closed to calls through pointers; `sealed` has the addresses of
/// these in the object that is patched. A thunk does not help, since it is gone once the
/// patch is.
std::vector<Problem> sealed_words(const diff::Delta& delta,
                                  const std::set<std::uint64_t>& sealed);

} // namespace kpatch::klp
