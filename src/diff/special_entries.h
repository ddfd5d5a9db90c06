// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"
#include "special/special_table.h"

#include <span>
#include <utility>
#include <vector>

namespace kpatch::diff {

/// A special section cut into its entries. It holds what it needs of the section, which
/// may change afterwards, but for the bytes.
class EntryTable {
 public:
  /// Throws Error for a section that cannot be cut.
  EntryTable(const Context& context, const Side& side, const special::SpecialSection& row,
             SectionId id);

  std::size_t size() const { return starts_.size() - 1; }
  SectionId section() const { return id_; }
  std::uint64_t start(std::size_t entry) const { return starts_[entry]; }
  std::uint64_t end(std::size_t entry) const { return starts_[entry + 1]; }
  std::span<const std::uint8_t> bytes(std::size_t entry) const;
  /// In their order; offsets count from the start of the section.
  std::span<const elf::Relocation> relocations(std::size_t entry) const;

 private:
  void find_entries(const Context& context, const special::SpecialSection& row);
  void find_fixup_pieces(const Context& context);
  void sort_relocations(const Context& context);
  std::size_t entry_of(const Context& context, const elf::Relocation& relocation) const;

  const Side& side_;
  SectionId id_;
  std::vector<std::uint64_t> starts_; ///< the end of the section is the last
  std::vector<std::uint32_t> firsts_; ///< of each entry, its first relocation
  std::vector<elf::Relocation> relocations_;
};

/// The function that the first of an entry's references to code describes.
SymbolId owner_of(const Side& side, std::span<const elf::Relocation> entry);

/// The special sections of an object that have relocations, in the order of the table.
std::vector<std::pair<const special::SpecialSection*, SectionId>>
special_ones(const Side& side);

/// A stretch of code in a section without symbols.
struct Piece {
  SectionId section = kNoSection;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

/// The replacement code that an entry names. Nothing if it names none that has a section
/// of its own; an empty piece where the place is replaced by nothing. Throws Error for an
/// entry whose layout is not known.
std::optional<Piece> replacement_of(const Context& context, const Side& side,
                                    const special::SpecialSection& row,
                                    const EntryTable& table, std::size_t entry);

/// What functions jump to until alternatives are applied: `.altinstr_aux`, cut by who
/// jumps there.
class AuxiliaryCode {
 public:
  explicit AuxiliaryCode(const Side& side);

  SectionId section() const { return section_; }
  /// The piece that a relocation of section `base` leads to, if it leads there.
  std::optional<Piece> piece(SectionId base, const elf::Relocation& relocation) const;

 private:
  bool leads_here(const elf::Relocation& relocation) const {
    return section_ && side_.home(relocation.symbol) == section_;
  }
  std::int64_t target(SectionId base, const elf::Relocation& relocation) const;

  const Side& side_;
  SectionId section_;
  std::vector<std::uint64_t> starts_;
};

} // namespace kpatch::diff
