// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dwarf/debug_info.h"

#include <elfutils/libdw.h>

#include <cstdint>
#include <vector>

namespace kpatch::dwarf {

/// The statements of all code of an object, by address.
class Statements {
 public:
  explicit Statements(Dwarf* dwarf);

  /// DebugInfo::find_statements.
  std::vector<SourcePlace> at(std::uint64_t address) const;

 private:
  /// A row of a line table: what holds from this address on.
  struct Row {
    std::uint64_t address = 0;
    bool holds = false; ///< else it is the end of a sequence
    int line = 0;
    const char* file = nullptr; ///< as in the table; null: unknown
    Dwarf_Off unit = 0;
  };
  /// Code of an inlined function.
  struct Inlined {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    SourcePlace called_at;
    std::size_t around = 0; ///< the next larger one, counted from 1
  };

  void add_rows(Dwarf_Die& unit);
  void add_inlined(Dwarf_Die& unit, Dwarf_Die& scope, int depth);
  void nest();

  Dwarf* dwarf_;
  std::vector<Row> rows_;        ///< by address
  std::vector<Inlined> inlined_; ///< by beginning, larger ones first
};

} // namespace kpatch::dwarf
