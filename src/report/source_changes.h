// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "produce/result.h"

#include <string>

namespace kpatch::report {

/// What the patches of a build change in the source, as HTML: one fold for each file, and
/// in it one for each function. Files that the kernel is not made of are left out and
/// counted. Empty if the result has no changes.
std::string source_changes(const produce::BuildResult& result);

} // namespace kpatch::report
