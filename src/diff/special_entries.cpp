// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cuts special sections into entries, and the code that entries name into pieces: that
// code lies in sections without symbols, and only its users know where a piece begins.
#include "diff/special_entries.h"

#include "base/error.h"
#include "elf/kernel_sections.h"
#include "special/names.h"

#include <algorithm>
#include <numeric>

namespace kpatch::diff {

namespace {

constexpr std::string_view kFixupSection = ".fixup";

} // namespace

EntryTable::EntryTable(const Context& context, const Side& side,
                       const special::SpecialSection& row, SectionId id)
    : side_(side), id_(id) {
  find_entries(context, row);
  sort_relocations(context);
}

std::span<const std::uint8_t> EntryTable::bytes(std::size_t entry) const {
  return std::span(side_.section(id_).data)
      .subspan(starts_[entry], starts_[entry + 1] - starts_[entry]);
}

std::span<const elf::Relocation> EntryTable::relocations(std::size_t entry) const {
  return std::span(relocations_)
      .subspan(firsts_[entry], firsts_[entry + 1] - firsts_[entry]);
}

void EntryTable::find_entries(const Context& context,
                              const special::SpecialSection& row) {
  const elf::Section& section = side_.section(id_);
  if (section.is_nobits())
    fail("{}: section {}: has no contents in the file", context.inputs.label,
         section.name);
  if (row.entries == special::Entries::kFixup)
    return find_fixup_pieces(context);
  std::uint64_t size = row.fixed_size;
  if (row.entries == special::Entries::kStruct) {
    const auto known = special::size_of(context.inputs.sizes, row.structure);
    if (!known || *known == 0)
      fail_with_remedy("It is the size of the kernel's struct for this section's "
                       "entries.",
                       "{}: section {}: {} not set", context.inputs.label, section.name,
                       row.structure.variable);
    size = *known;
  }
  for (std::uint64_t at = 0; at < section.size(); at += size)
    starts_.push_back(at);
  starts_.push_back(section.size()); // the last entry may lack its padding
}

/// A piece of .fixup reaches from one target of __ex_table to the next.
void EntryTable::find_fixup_pieces(const Context& context) {
  const elf::Section& section = side_.section(id_);
  const SectionId exceptions = side_.object.find_section(elf::kExceptions);
  if (!exceptions || !side_.section(exceptions).has_relocations)
    fail("{}: missing .rela__ex_table section", context.inputs.label);
  for (const elf::Relocation& relocation : side_.section(exceptions).relocations)
    if (side_.symbol(relocation.symbol).name == kFixupSection && relocation.addend >= 0 &&
        static_cast<std::uint64_t>(relocation.addend) < section.size())
      starts_.push_back(static_cast<std::uint64_t>(relocation.addend));
  std::ranges::sort(starts_);
  starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
  if (section.size() > 0 && (starts_.empty() || starts_[0] != 0))
    fail("{}: can't find .fixup rela group at offset 0", context.inputs.label);
  starts_.push_back(section.size());
}

std::size_t EntryTable::entry_of(const Context& context,
                                 const elf::Relocation& relocation) const {
  const auto after = std::ranges::upper_bound(starts_, relocation.offset);
  if (after == starts_.begin() || after == starts_.end())
    fail("{}: section {}: relocation at {:#x} lies outside it", context.inputs.label,
         side_.section(id_).name, relocation.offset);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

/// Groups the relocations by entry; within one they keep their order.
void EntryTable::sort_relocations(const Context& context) {
  const std::vector<elf::Relocation>& given = side_.section(id_).relocations;
  std::vector<std::uint32_t> entries;
  entries.reserve(given.size());
  firsts_.assign(starts_.size() + 1, 0);
  for (const elf::Relocation& relocation : given) {
    entries.push_back(static_cast<std::uint32_t>(entry_of(context, relocation)));
    ++firsts_[entries.back() + 1];
  }
  std::partial_sum(firsts_.begin(), firsts_.end(), firsts_.begin());
  std::vector<std::uint32_t> next = firsts_;
  relocations_.resize(given.size());
  for (std::size_t i = 0; i < entries.size(); ++i)
    relocations_[next[entries[i]]++] = given[i];
}

SymbolId owner_of(const Side& side, std::span<const elf::Relocation> entry) {
  for (const elf::Relocation& relocation : entry) {
    const SectionId home = side.home(relocation.symbol);
    if (!home || !side.section(home).is_text())
      continue;
    if (const SymbolId bundled = side.sections[home].bundled)
      return bundled;
    if (side.symbol(relocation.symbol).is_function())
      return relocation.symbol;
  }
  return kNoSymbol;
}

std::vector<std::pair<const special::SpecialSection*, SectionId>>
special_ones(const Side& side) {
  std::vector<std::pair<const special::SpecialSection*, SectionId>> found;
  for (SectionId id = 1; id < side.sections.size(); ++id)
    if (const special::SpecialSection* row =
            special::find_special_section(side.section(id).name, side.arch);
        row && side.section(id).has_relocations)
      found.emplace_back(row, id);
  std::ranges::stable_sort(found, {}, [](const auto& entry) { return entry.first; });
  return found;
}

std::optional<Piece> replacement_of(const Context& context, const Side& side,
                                    const special::SpecialSection& row,
                                    const EntryTable& table, std::size_t entry) {
  std::vector<Piece> named; // ppc64 names the end, too (asm/feature-fixups.h)
  for (const elf::Relocation& relocation : table.relocations(entry)) {
    const elf::Symbol& symbol = side.symbol(relocation.symbol);
    const std::int64_t at = static_cast<std::int64_t>(symbol.value) + relocation.addend;
    if (!symbol.section || !special::has_no_symbols(side.section(symbol.section).name))
      continue;
    const std::uint64_t size = side.section(symbol.section).size();
    const std::uint64_t start =
        at < 0 ? 0 : std::min(static_cast<std::uint64_t>(at), size);
    named.push_back({symbol.section, start, start});
  }
  if (named.empty() || row.entries == special::Entries::kFixup)
    return std::nullopt;
  if (named.size() == 2 && named[0].section == named[1].section)
    return Piece{named[0].section, std::min(named[0].start, named[1].start),
                 std::max(named[0].start, named[1].start)};
  if (!row.names_replacement)
    return std::nullopt;
  const std::span<const std::uint8_t> bytes = table.bytes(entry);
  const auto length_at = special::replacement_length_at(side.arch, bytes.size());
  if (!length_at)
    fail("{}: section {}: the layout of entries of {} bytes is not known",
         context.inputs.label, row.name, bytes.size());
  Piece& piece = named[0];
  piece.end = std::min<std::uint64_t>(piece.start + bytes[*length_at],
                                      side.section(piece.section).size());
  return piece;
}

AuxiliaryCode::AuxiliaryCode(const Side& side)
    : side_(side), section_(side.object.find_section(elf::kAlternativesAside)) {
  if (!section_)
    return;
  for (SectionId base = 1; base < side.sections.size(); ++base)
    if (!special::is_debug_section(side.section(base).name) &&
        side.section(base).is_text())
      for (const elf::Relocation& relocation : side.section(base).relocations)
        if (base != section_ && leads_here(relocation))
          if (const std::int64_t at = target(base, relocation); at >= 0)
            starts_.push_back(static_cast<std::uint64_t>(at));
  starts_.push_back(side.section(section_).size());
  std::ranges::sort(starts_);
  starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
}

std::int64_t AuxiliaryCode::target(SectionId base,
                                   const elf::Relocation& relocation) const {
  return static_cast<std::int64_t>(side_.symbol(relocation.symbol).value) +
         side_.target_offset(base, relocation);
}

std::optional<Piece> AuxiliaryCode::piece(SectionId base,
                                          const elf::Relocation& relocation) const {
  if (base == section_ || !leads_here(relocation))
    return std::nullopt;
  const std::int64_t at = target(base, relocation);
  const std::uint64_t size = side_.section(section_).size();
  if (at < 0 || static_cast<std::uint64_t>(at) >= size)
    return std::nullopt;
  const auto start = static_cast<std::uint64_t>(at);
  const auto next = std::ranges::upper_bound(starts_, start);
  return Piece{section_, start, next == starts_.end() ? size : std::min(*next, size)};
}

} // namespace kpatch::diff
