// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace kpatch::image {

/// Where the kernel or module that is patched has something of a unit.
struct LocatedSymbol {
  std::uint64_t address = 0;  ///< in its image
  std::uint64_t size = 0;     ///< as compiled here; 0: not defined by the unit
  std::uint64_t position = 0; ///< rank, from 1, among the symbols of that name
  bool is_only_one = false;   ///< of that name
  bool is_global = false;

  bool operator==(const LocatedSymbol&) const = default;
};

/// By name. A name that a unit gives to two things is not in it.
using LocatedSymbols = std::map<std::string, LocatedSymbol, std::less<>>;

} // namespace kpatch::image
