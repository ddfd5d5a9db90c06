// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kpatch::kernel {

/// A member of a structure or union; those of unnamed members count as its own, and so
/// do those of members whose type has no name ("op.active").
struct Field {
  std::string name;
  std::uint64_t bit_offset = 0; ///< from the start of the structure
  std::uint64_t bits = 0;       ///< 0: unknown

  bool operator==(const Field&) const = default;
};

struct TypeLayout {
  std::uint64_t size = 0; ///< in bytes
  std::vector<Field> fields;
  /// Its objects are variables of functions and end with them.
  bool is_short_lived = false;
  /// Where the unit it was read from declares objects of it, or pointers to some.
  bool is_on_stacks = false;
  bool is_elsewhere = false;

  bool operator==(const TypeLayout&) const = default;
};

/// By the name with its keyword, as in "struct file".
using TypeLayouts = std::map<std::string, TypeLayout, std::less<>>;

} // namespace kpatch::kernel
