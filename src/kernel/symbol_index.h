// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::kernel {

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

  /// Parses what `readelf -s --wide` prints. Throws Error naming `label` and the line for
  /// an entry of a type or binding that no kernel has.
  static SymbolIndex from_readelf(std::string text, std::string_view label);

  /// Adds an entry at the end; undefined symbols and section symbols are not wanted. The
  /// name is copied.
  void add(const IndexedSymbol& symbol);

  const std::vector<IndexedSymbol>& entries() const { return entries_; }

  /// All entries of that name, in table order.
  std::vector<EntryId> named(std::string_view name) const;

 private:
  void build_chains() const;

  std::string text_;                           ///< what parsed names point into
  std::vector<std::unique_ptr<char[]>> names_; ///< what added names point into
  std::size_t names_left_ = 0;
  char* names_end_ = nullptr;
  std::vector<IndexedSymbol> entries_;
  mutable std::vector<EntryId>
      heads_; ///< hash bucket -> first entry; built on first search
  mutable std::vector<EntryId> next_; ///< entry -> next entry of the same bucket
};

} // namespace kpatch::kernel
