// SPDX-License-Identifier: GPL-2.0-or-later
//
// Several mistakes in a patch module build and even load without a word, and end in a
// warning or an oops once the code runs: a livepatch symbol at the wrong position, code
// without unwind data, a return that the kernel does not find when it rewrites them, a
// constant that only a booting kernel fills in. The rules are those of the kernel's
// kernel/livepatch/core.c, kernel/module/ and Documentation/livepatch/module-elf-format.
#include "verify/module_rules.h"

#include "arch/arch.h"
#include "base/error.h"
#include "verify/rules.h"

#include <span>

namespace kpatch::verify {

#define KPATCH_RULES(check) Rules check;
#define KPATCH_OWN_RULES(check) KPATCH_RULES(check)
#include "verify/rules.def"
#undef KPATCH_RULES
#undef KPATCH_OWN_RULES

namespace {

constexpr Rules* kAll[] = {
#define KPATCH_RULES(check) check,
#define KPATCH_OWN_RULES(check) check,
#include "verify/rules.def"
#undef KPATCH_RULES
#undef KPATCH_OWN_RULES
};

constexpr Rules* kOwn[] = {
#define KPATCH_RULES(check)
#define KPATCH_OWN_RULES(check) check,
#include "verify/rules.def"
#undef KPATCH_RULES
#undef KPATCH_OWN_RULES
};

std::vector<Problem> check(const elf::Object& module, const ModuleRules& rules,
                           std::span<Rules* const> groups) {
  const ModuleView view(module);
  const KernelView kernel(rules.image, arch::arch_for(module));
  Findings findings(module.label);
  for (Rules* const group : groups)
    group({view, kernel, rules, findings});
  return findings.take();
}

} // namespace

std::vector<Problem> check_module(const elf::Object& module, const ModuleRules& rules) {
  const arch::Arch& arch = arch::arch_for(module);
  if (!arch.field(arch.absolute64()))
    fail("{}: nothing judges modules for {}, since the fields of its relocations are not "
         "known",
         module.label, arch.name());
  return check(module, rules, kAll);
}

std::vector<Problem> check_module_alone(const elf::Object& module) {
  return check(module, {}, kOwn);
}

} // namespace kpatch::verify
