// SPDX-License-Identifier: GPL-2.0-or-later
//
// A linked image has no relocations any more, but what they put in is there: the field
// that "call printk" leaves open holds the distance to printk. So once a function is
// found, everything that it refers to is found too.
//
// Three kinds of targets. A named symbol: its address must carry its name. A section and
// an offset: the assembler writes references to locals so, and the symbol that lies there
// is meant. And string literals and other constants that the linker merges: these have no
// name, but must have the same content.
#include "match/references.h"

#include "base/endian.h"

#include <algorithm>

namespace kpatch::match {

bool is_named_thing(const elf::Symbol& symbol) {
  return !symbol.name.empty() && !symbol.is_section() && !symbol.is_file() &&
         !symbol.name.starts_with(".L");
}

ReferenceReader::ReferenceReader(const elf::Object& object, const image::Image& image)
    : object_(object), image_(image), arch_(arch::arch_for(object)),
      fields_(object, image), relocations_(object.sections.size()),
      symbols_in_(object.sections.size()) {
  for (elf::SectionId id = 1; id < object.sections.size(); ++id) {
    relocations_[id] = object.sections[id].relocations;
    std::ranges::stable_sort(relocations_[id], {}, &elf::Relocation::offset);
  }
  for (elf::SymbolId id = 1; id < object.symbols.size(); ++id)
    if (object.symbols[id].is_defined() && is_named_thing(object.symbols[id]))
      symbols_in_[object.symbols[id].section].push_back(id);
  for (std::vector<elf::SymbolId>& symbols : symbols_in_)
    std::ranges::stable_sort(symbols, {},
                             [&](elf::SymbolId id) { return object.symbols[id].value; });
}

std::span<const elf::Relocation> ReferenceReader::relocations(elf::SectionId section,
                                                              std::uint64_t begin,
                                                              std::uint64_t size) const {
  const std::vector<elf::Relocation>& all = relocations_[section];
  const auto before = [](const elf::Relocation& relocation, std::uint64_t offset) {
    return relocation.offset < offset;
  };
  const auto first = std::lower_bound(all.begin(), all.end(), begin, before);
  const auto last = std::lower_bound(first, all.end(), begin + size, before);
  return {first, last};
}

std::vector<Reading> ReferenceReader::read(const Placed& placed) const {
  std::vector<Reading> readings;
  const auto stretch = relocations(placed.section, placed.begin, placed.size);
  for (const elf::Relocation& relocation : stretch)
    if (const auto address = fields_.symbol_address(placed, stretch, relocation))
      readings.push_back(
          interpret(placed.section, fields_.meant_by(relocation), *address));
  return readings;
}

/// Where in its section a reference leads, and where in the image that is. Of a literal
/// with a label that is the start: "" + 1 leads to whatever comes next.
ReferenceReader::Aim ReferenceReader::aim_of(elf::SectionId section,
                                             const elf::Relocation& relocation,
                                             std::uint64_t address) const {
  const elf::Symbol& symbol = object_.symbols[relocation.symbol];
  if (!is_named_thing(symbol) && !symbol.is_section() &&
      object_.sections[symbol.section].flags & SHF_MERGE)
    return {symbol.value, address};
  const std::int64_t distance =
      arch_.target_offset(object_.sections[section], relocation,
                          arch_.needs_instructions(object_.sections[section], relocation)
                              ? ends(section)
                              : arch::InstructionEnds());
  return {symbol.value + static_cast<std::uint64_t>(distance),
          address + static_cast<std::uint64_t>(distance)};
}

Reading ReferenceReader::interpret(elf::SectionId section,
                                   const elf::Relocation& relocation,
                                   std::uint64_t address) const {
  const elf::Symbol& symbol = object_.symbols[relocation.symbol];
  Reading reading{
      .offset = relocation.offset, .symbol = relocation.symbol, .address = address};
  if (symbol.is_defined() && !is_named_thing(symbol)) {
    const elf::Section& home = object_.sections[symbol.section];
    const Aim aim = aim_of(section, relocation, address);
    reading.symbol = home.flags & SHF_MERGE ? elf::kNoSymbol
                                            : symbol_holding(symbol.section, aim.offset);
    if (reading.symbol == elf::kNoSymbol) {
      const bool is_constant = !(home.flags & (SHF_WRITE | SHF_EXECINSTR));
      reading.is_right = !is_constant || !(home.flags & SHF_MERGE) ||
                         same_contents(symbol.section, aim.offset, aim.address);
      reading.wanted = home.name;
      reading.address = aim.address;
      return reading;
    }
    reading.is_by_place = true;
    reading.address = address - symbol.value + object_.symbols[reading.symbol].value;
    reading.inside = aim.offset - object_.symbols[reading.symbol].value;
    reading.target = aim.address;
  } else if (symbol.is_function() && symbol.is_defined() && symbol.size > 0 &&
             !image_.has(symbol.name, address)) {
    const Aim aim = aim_of(section, relocation, address);
    reading.inside = aim.offset - symbol.value;
    reading.target = aim.address;
  }
  const elf::Symbol& meant = object_.symbols[reading.symbol];
  reading.wanted = meant.name;
  // A name that the image does not have cannot be checked.
  reading.is_right = meant.name.empty() || image_.has(meant.name, reading.address) ||
                     !image_.knows(meant.name);
  return reading;
}

bool ReferenceReader::same_contents(elf::SectionId id, std::uint64_t offset,
                                    std::uint64_t address) const {
  const elf::Section& section = object_.sections[id];
  if (offset >= section.data.size())
    return false;
  auto ours = std::span(section.data).subspan(offset);
  if (section.flags & SHF_STRINGS) {
    const auto end = std::ranges::find(ours, std::uint8_t{0});
    ours = ours.first(static_cast<std::size_t>(end - ours.begin()) +
                      (end == ours.end() ? 0 : 1));
  } else if (section.entry_size > 0) {
    ours = ours.first(std::min<std::size_t>(
        ours.size(), section.entry_size - offset % section.entry_size));
  }
  const auto there = image_.bytes_from(address);
  if (there.size() < ours.size())
    return false;
  const auto theirs = there.first(ours.size());
  Bytes rest(ours.begin(), ours.end());
  for (const elf::Relocation& relocation : relocations(id, offset, ours.size())) {
    const std::uint64_t at = relocation.offset - offset;
    if (!same_address(id, relocation, theirs.subspan(at)))
      return false; // also if it reaches out of the constant
    std::ranges::copy(theirs.subspan(at, sizeof(std::uint64_t)),
                      std::span(rest).subspan(at).begin());
  }
  return std::ranges::equal(rest, theirs);
}

/// gcc may set several pointers at once by a constant of addresses ("movq .LC1(%rip),
/// %xmm0" at -O3).
bool ReferenceReader::same_address(elf::SectionId section,
                                   const elf::Relocation& relocation,
                                   std::span<const std::uint8_t> theirs) const {
  if (relocation.type != arch_.absolute64() || theirs.size() < sizeof(std::uint64_t))
    return false;
  const auto held = load<std::uint64_t>(theirs, 0, image_.order());
  return interpret(section, relocation,
                   held - static_cast<std::uint64_t>(relocation.addend))
      .is_right;
}

/// The symbol that has the offset; the only one of its section also if it has not.
elf::SymbolId ReferenceReader::symbol_holding(elf::SectionId section,
                                              std::uint64_t offset) const {
  const std::vector<elf::SymbolId>& symbols = symbols_in_[section];
  elf::SymbolId found = elf::kNoSymbol;
  for (const elf::SymbolId id : symbols) {
    const elf::Symbol& symbol = object_.symbols[id];
    if (offset >= symbol.value && (offset - symbol.value < symbol.size ||
                                   (symbol.size == 0 && offset == symbol.value)))
      found = id;
  }
  const bool all_at_start = std::ranges::all_of(symbols, [&](elf::SymbolId id) {
    return object_.symbols[id].value == object_.symbols[symbols.front()].value;
  });
  if (!found && !symbols.empty() && all_at_start)
    found = symbols.front();
  return found;
}

const arch::InstructionEnds& ReferenceReader::ends(elf::SectionId section) const {
  const auto known = ends_.find(section);
  if (known != ends_.end())
    return known->second;
  return ends_.emplace(section, arch::instruction_ends(arch_, object_.sections[section]))
      .first->second;
}

} // namespace kpatch::match
