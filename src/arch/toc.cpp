// SPDX-License-Identifier: GPL-2.0-or-later
//
// Code of ppc64 finds things by their distance from the TOC pointer, in one of two ways:
//
//   -mcmodel=large    addis 9,2,.toc+8@toc@ha;  ld 9,.toc+8@toc@l(9)     what a slot says
//   -mcmodel=medium   addis 9,2,counter@toc@ha; addi 9,9,counter@toc@l   the thing itself
//
// The types of the relocations are the same, and only the symbol differs. The medium
// model has slots, too: for what may lie in another object.
#include "arch/toc.h"

#include "arch/arch.h"

namespace kpatch::arch {

bool leads_to_toc_slot(const Arch& arch, const elf::Object& object,
                       const elf::Relocation& relocation) {
  return arch.counts_from_toc(relocation.type) &&
         object.sections[object.symbols[relocation.symbol].section].name == kTocSection;
}

std::uint64_t toc_slot(const elf::Object& object, const elf::Relocation& relocation) {
  return object.symbols[relocation.symbol].value +
         static_cast<std::uint64_t>(relocation.addend);
}

TocFillers::TocFillers(const elf::Object& object)
    : toc_(object.find_section(kTocSection)) {
  const auto& relocations = object.sections[toc_].relocations;
  for (std::size_t i = 0; i < relocations.size(); ++i)
    fillers_.emplace(relocations[i].offset, i);
}

std::optional<std::size_t> TocFillers::find(std::uint64_t slot) const {
  const auto found = fillers_.find(slot);
  return found == fillers_.end() ? std::nullopt : std::optional(found->second);
}

const elf::Relocation* TocFillers::behind(const Arch& arch, const elf::Object& object,
                                          const elf::Relocation& relocation) const {
  if (!leads_to_toc_slot(arch, object, relocation))
    return &relocation;
  const auto filler = find(toc_slot(object, relocation));
  return filler ? &object.sections[toc_].relocations[*filler] : nullptr;
}

} // namespace kpatch::arch
