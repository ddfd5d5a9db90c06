// SPDX-License-Identifier: GPL-2.0-or-later
//
// Code of ppc64 finds its data through a TOC pointer, of which each module has one of its
// own. Behind a call of something elsewhere stands an instruction that restores it, or a
// NOP for the loader to put it there; if it is anything else, the loader of ordinary
// relocations refuses the module, and livepatch the moment it patches
// (arch/powerpc/kernel/module_64.c, restore_r2). A jump has nothing behind it.
#include "arch/arch.h"
#include "verify/codes.h"
#include "verify/rules.h"

#include <fmt/format.h>

namespace kpatch::verify {

void check_calls_outside(const Case& subject) {
  const arch::Arch& arch = arch::arch_for(subject.module.module());
  for (const auto& [id, relocation] : subject.module.references_outside()) {
    const elf::Section& section = subject.module.section(id);
    const std::string_view name = subject.module.name_of(*relocation);
    if (section.is_text() && !arch.comes_back(section, *relocation, name))
      subject.findings.add(
          code::kLostToc, name,
          fmt::format("the call or jump at {}+{:#x} leaves no room to restore the TOC "
                      "pointer when it comes back",
                      section.name, relocation->offset));
  }
}

} // namespace kpatch::verify
