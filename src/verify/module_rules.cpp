// SPDX-License-Identifier: GPL-2.0-or-later
//
// Several mistakes in a patch module build and even load without a word, and end in a
// warning or an oops once the code runs: a livepatch symbol at the wrong position, code
// without unwind data, a return that the kernel does not find when it rewrites them, a
// constant that only a booting kernel fills in. The rules are those of the kernel's
// kernel/livepatch/core.c, kernel/module/ and Documentation/livepatch/module-elf-format.
#include "verify/module_rules.h"

#include "arch/arch.h"
#include "verify/rules.h"

namespace kpatch::verify {

#define KPATCH_RULES(check) Rules check;
#include "verify/rules.def"
#undef KPATCH_RULES

namespace {

constexpr Rules* kAll[] = {
#define KPATCH_RULES(check) check,
#include "verify/rules.def"
#undef KPATCH_RULES
};

} // namespace

std::vector<Problem> check_module(const elf::Object& module, const ModuleRules& rules) {
  const ModuleView view(module);
  const KernelView kernel(rules.image, arch::arch_for(module));
  Findings findings(module.label);
  for (Rules* const check : kAll)
    check({view, kernel, rules, findings});
  return findings.take();
}

} // namespace kpatch::verify
