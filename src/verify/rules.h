// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/function_records.h"
#include "verify/kernel_view.h"
#include "verify/module_rules.h"
#include "verify/module_view.h"

namespace kpatch::verify {

/// What every group of rules sees.
struct Case {
  const ModuleView& module;
  const KernelView& kernel;
  const ModuleRules& rules;
  Findings& findings;
};

/// A group of rules: adds what breaks them to the findings. Those of rules.def are run on
/// every module.
using Rules = void(const Case&);

/// Whether the new code has to do with the old: names that occur several times are easily
/// counted wrong, and then what is meant is not what is replaced or referred to.
void check_likeness(const Case& subject, const elf::FunctionRecord& record);

} // namespace kpatch::verify
