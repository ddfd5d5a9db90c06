// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"
#include "produce/result.h"

#include <string>

namespace kpatch::produce {

/// The header of ours that gives jump labels the size which a test of their key needs.
inline const std::string kWideLabels = "kpatch-wide-labels.h";

/// Whether what is wrong with a unit may be that its jump labels are too short to test
/// keys of modules.
bool wants_wide_labels(const UnitResult& result, const kernel::Target& target);

} // namespace kpatch::produce
