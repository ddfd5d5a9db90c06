// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "verify/module_rules.h"

namespace kpatch::verify {

/// What module loader and ftrace take for granted about a file: struct module, flags of
/// code, sizes of tables, where calls lead and where functions begin.
std::vector<Problem> check_shape(const elf::Object& module);

/// Whether each function record of the module names one function of its object that lasts
/// and that ftrace can redirect. A module without such records has no problems here.
std::vector<Problem> check_records(const elf::Object& module, const ModuleRules& rules);

} // namespace kpatch::verify
