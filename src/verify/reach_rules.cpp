// SPDX-License-Identifier: GPL-2.0-or-later
//
// A relocation that is too short for the way from the module to the kernel: some loaders
// refuse it once somebody patches, others cut it off (arch/powerpc/kernel/module_64.c),
// and the code uses some other memory.
#include "arch/arch.h"
#include "base/module_name.h"
#include "verify/codes.h"
#include "verify/rules.h"

#include <fmt/format.h>

namespace kpatch::verify {

void check_reach(const Case& subject) {
  const arch::Arch& arch = arch::arch_for(subject.module.module());
  for (const auto& [id, relocation] : subject.module.references_outside()) {
    const elf::Section& section = subject.module.section(id);
    // Of what compilers call by themselves each module has its own, unless modules lie
    // within reach of the kernel's.
    const std::string_view name = subject.module.name_of(*relocation);
    if (arch.reaches_outside(section, *relocation) ||
        arch.is_never_livepatch(section, *relocation, name))
      continue;
    const std::string_view owner = subject.module.owner_of(*relocation);
    subject.findings.add(
        code::kReach, name,
        fmt::format("{}+{:#x} refers to it in {} by a relocation of type {}, which does "
                    "not reach that far",
                    section.name, relocation->offset,
                    owner.empty() || owner == kVmlinux ? "the kernel" : owner,
                    relocation->type));
  }
}

} // namespace kpatch::verify
