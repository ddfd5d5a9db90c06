// SPDX-License-Identifier: GPL-2.0-or-later
//
// In a relocatable object most numbers in the debug sections are zero until relocations
// are applied: offsets of strings, of abbreviations, addresses of code. libdw alone reads
// the zeroes, and libdwfl knows only the relocations of processors that it was built for,
// so they are applied here. They are of the plainest kind: a symbol's value, 4 or 8 bytes
// wide. Sections of code and data would all start at 0; they are put far apart.
#include "arch/arch.h"
#include "base/endian.h"
#include "dwarf/session.h"

#include <algorithm>

namespace kpatch::dwarf {

namespace {

constexpr int kSectionShift = 32; // no section is larger: the reader sees to it by size

bool is_debug(const elf::Section& section) {
  return section.name.starts_with(".debug_");
}

bool apply(const elf::Object& object, const arch::Arch& arch,
           const elf::Relocation& relocation, elf::Section& section) {
  const elf::Symbol& symbol = object.symbols[relocation.symbol];
  std::uint64_t value = symbol.value + static_cast<std::uint64_t>(relocation.addend);
  if (symbol.section && !is_debug(object.sections[symbol.section]))
    value += address_of(symbol.section, 0);
  const bool is_wide = relocation.type == arch.absolute64();
  if (!is_wide && relocation.type != arch.absolute32())
    return false;
  const std::size_t size = is_wide ? sizeof(std::uint64_t) : sizeof(std::uint32_t);
  if (section.data.size() < size || relocation.offset > section.data.size() - size)
    return false;
  if (is_wide)
    store(section.data, relocation.offset, value, object.header.order);
  else
    store(section.data, relocation.offset, static_cast<std::uint32_t>(value),
          object.header.order);
  return true;
}

} // namespace

std::uint64_t address_of(elf::SectionId section, std::uint64_t offset) {
  return (static_cast<std::uint64_t>(section) << kSectionShift) + offset;
}

Bytes relocated_image(const elf::Object& object) {
  const arch::Arch& arch = arch::arch_for(object);
  elf::Object image;
  image.header = object.header;
  image.label = object.label;
  for (const elf::Section& section : object.sections) {
    if (!is_debug(section) || section.is_nobits())
      continue;
    elf::Section copy{.name = section.name, .data = section.data};
    for (const elf::Relocation& relocation : section.relocations)
      if (!apply(object, arch, relocation, copy))
        return {};
    image.add_section(std::move(copy));
  }
  return image.sections.size() > 1 ? elf::write_object(image) : Bytes();
}

} // namespace kpatch::dwarf
