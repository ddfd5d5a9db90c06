// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "diff/diff.h"

#include <vector>

namespace kpatch::klp {

/// Replacement code of alternatives that only a patched module can complete, which is too
/// late: one problem for each symbol that it refers to.
std::vector<Problem> late_replacements(const diff::Delta& delta);

} // namespace kpatch::klp
