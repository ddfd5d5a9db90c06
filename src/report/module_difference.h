// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/module_file.h"
#include "verify/patch_difference.h"

#include <string>

namespace kpatch::report {

/// Two patch modules and what the newer one does differently.
struct ModuleDifference {
  runtime::ModuleFile older, newer;
  verify::PatchDifference functions;
};

/// Lines for people: a function in each, then the claims.
std::string difference_text(const ModuleDifference& difference);
/// The same as docs/json.md describes it.
std::string difference_json(const ModuleDifference& difference);

} // namespace kpatch::report
