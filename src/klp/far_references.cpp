// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is near in the kernel is far from a module. A compiler that sees both ends in one
// unit takes a shorter way, and a patch that brings only one of them must not keep it:
//
//   s390x    larl %r3,show         becomes    lgrl %r3,show@GOTENT
//   ppc64le  bl   show             becomes    b    1f
//            cmpwi 3,0                        cmpwi 3,0
//                                             ...
//                                         1:  bl   show
//                                             nop
//                                             b    1b-...
//
// A module loader of s390x that cannot reach `show` fills in the address of a stub in the
// module: good for a call, but as a pointer it is gone with the module. That of ppc64le
// wants room behind each call out of the module, where it puts what restores the TOC
// pointer, and refuses the module if there is none (arch/powerpc/kernel/module_64.c,
// restore_r2). Return addresses stay within the function, so that whoever looks at the
// stack still sees it there.
#include "klp/far_references.h"

#include "base/error.h"

namespace kpatch::klp {

namespace {

/// A pointer to a function of the patch may have to lead to the kernel's (policy.cpp).
bool may_lead_outside(const diff::Delta& delta, const elf::Section& section,
                      const elf::Relocation& relocation) {
  const elf::Symbol& symbol = delta.object.symbols[relocation.symbol];
  return relocation.symbol != elf::kNoSymbol &&
         (symbol.is_undefined() ||
          (symbol.is_function() && delta.arch->takes_address(section, relocation)));
}

/// What was added to a section belongs to the function that it was added for: the last of
/// the section, if not the only one.
void take_over_end(diff::Delta& delta, elf::SectionId section, std::uint64_t place) {
  elf::Symbol* last = nullptr;
  for (elf::Symbol& symbol : delta.object.symbols)
    if (symbol.is_function() && symbol.section == section &&
        (!last || symbol.value > last->value))
      last = &symbol;
  if (!last || place < last->value)
    fail("{}: {}+{:#x}: there is no room to restore the TOC pointer after this call, as "
         "another function follows",
         delta.inputs.label, delta.object.sections[section].name, place);
  last->size = delta.object.sections[section].size() - last->value;
}

} // namespace

void reach_what_stays(diff::Delta& delta) {
  for (elf::SectionId id = 1; id < delta.object.sections.size(); ++id) {
    elf::Section& section = delta.object.sections[id];
    if (!section.is_text())
      continue;
    for (elf::Relocation& relocation : section.relocations) {
      if (!may_lead_outside(delta, section, relocation))
        continue;
      const std::uint64_t place = relocation.offset;
      const std::uint64_t end = section.size();
      delta.arch->reach_outside(section, relocation,
                                delta.object.symbols[relocation.symbol].name);
      if (section.size() != end)
        take_over_end(delta, id, place);
    }
  }
}

} // namespace kpatch::klp
