// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/name_chains.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::image {

/// One entry of the symbol table of a kernel or module.
struct IndexedSymbol {
  std::string_view name;
  std::uint64_t value = 0;
  std::uint64_t size = 0;
  std::uint8_t type = 0;    ///< STT_*
  std::uint8_t binding = 0; ///< STB_*
};

/// Position of an entry in the table.
using EntryId = std::uint32_t;
inline constexpr EntryId kNoEntry = ~EntryId{0};

/// The symbol table of the object that is being patched, in its own order (a FILE symbol
/// opens the block of locals of its translation unit), searchable by name.
class SymbolIndex {
 public:
  SymbolIndex() = default;
  SymbolIndex(SymbolIndex&&) = default;
  SymbolIndex& operator=(SymbolIndex&&) = default;

  /// Takes what `readelf -s --wide` prints. Entries are parsed when they are asked for;
  /// then an entry of a type or binding that no kernel has is an Error naming `label` and
  /// the line.
  static SymbolIndex from_readelf(std::string text, std::string_view label);

  /// Adds an entry at the end; undefined symbols and section symbols are not wanted. The
  /// name is copied. Not for an index that was made from text.
  void add(const IndexedSymbol& symbol);

  /// How many entries there are, those that count for nothing included.
  EntryId size() const;

  /// An entry; false for headings, undefined and section symbols.
  bool get(EntryId id, IndexedSymbol& symbol) const;

  /// All entries of that name, in table order.
  std::vector<EntryId> named(std::string_view name) const;

 private:
  /// A line of the text; the name is its end.
  struct Line {
    const char* begin = nullptr;
    std::uint32_t length = 0;
    std::uint32_t name = 0;
    std::string_view text() const { return {begin, length}; }
  };

  std::string_view name_of(EntryId id) const;

  std::string label_;
  std::string text_;
  std::vector<Line> lines_;
  std::vector<IndexedSymbol> entries_;
  std::vector<std::unique_ptr<char[]>> names_; ///< what the names of entries_ point into
  std::size_t names_left_ = 0;
  char* names_end_ = nullptr;
  mutable NameChains chains_; ///< built on the first search
};

} // namespace kpatch::image
