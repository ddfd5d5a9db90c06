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

/// struct module, name, flags of code, sizes of tables.
void check_shape(const Case& subject);
/// What the module says about its own kind: kernel, machine, licence, imports.
void check_imports(const Case& subject);
/// Places that the kernel rewrites: labels, static calls, returns, thunks, ftrace.
void check_sites(const Case& subject);
/// Entries that the kernel looks up: alternatives, bugs, exceptions, unwind data.
void check_entries(const Case& subject);
/// Places where code is entered, against code that is replaced.
void check_landings(const Case& subject);
/// Fields and what they refer to.
void check_references(const Case& subject);
/// The functions that the module replaces.
void check_records(const Case& subject);
/// Whether the new code has to do with the old: names that occur several times are easily
/// counted wrong, and then what is meant is not what is replaced or referred to.
void check_likeness(const Case& subject, const elf::FunctionRecord& record);

} // namespace kpatch::verify
