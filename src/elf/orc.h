// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace kpatch::elf {

inline constexpr std::string_view kOrcEntries = ".orc_unwind";
inline constexpr std::string_view kOrcPlaces = ".orc_unwind_ip";
inline constexpr std::uint64_t kOrcPlaceSize =
    4; ///< int, relative to itself (asm/orc_types.h)

/// The tables of the ORC unwinder in an object file as one value: .orc_unwind_ip holds
/// places in code, .orc_unwind says for each how to find the caller from there on. They
/// are parallel arrays, so whatever happens to an entry happens in both.
class OrcTable {
 public:
  /// Nothing if the object has no such tables. The size of an entry is that of the
  /// kernel's struct orc_entry, in bytes; it must not be 0. Throws Error, which begins
  /// with the label, if the tables do not belong together.
  static std::optional<OrcTable> read(const Object& object, std::uint64_t entry_size,
                                      std::string_view label);

  std::size_t size() const { return places_.size(); }
  const Relocation& place(std::size_t index) const { return places_.at(index); }
  std::span<const std::uint8_t> entry(std::size_t index) const;

  /// Index of the entry in force at that offset of a section.
  std::optional<std::size_t> find(const Object& object, SectionId section,
                                  std::uint64_t offset) const;
  /// Says of one more place, symbol + addend, what the entry `model` says of its own. The
  /// new entry stands behind those of its section for places that are not behind its own.
  void repeat(const Object& object, std::size_t model, SymbolId symbol,
              std::int64_t addend);
  /// Keeps the entries whose place is wanted, in their order.
  void keep(const std::function<bool(const Relocation& place)>& is_wanted);

  /// Puts both tables back into the object that they were read from.
  void write(Object& object) const;

 private:
  std::uint64_t entry_size_ = 0;
  Bytes entries_;
  std::vector<Relocation> places_;
};

} // namespace kpatch::elf
