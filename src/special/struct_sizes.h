// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::special {

/// A structure of the kernel whose size has changed over the years.
struct Structure {
  std::string_view name;     ///< without its keyword: "bug_entry"
  std::string_view variable; ///< in which create-diff-object gets its size
};

/// What .orc_unwind consists of (asm/orc_types.h).
inline constexpr Structure kOrcEntry{"orc_entry", "ORC_STRUCT_SIZE"};

/// All whose sizes are wanted: those of special sections, and kOrcEntry; each once.
const std::vector<Structure>& wanted_structures();

/// Sizes in bytes, by name, of those that a kernel has.
using StructSizes = std::map<std::string, std::uint32_t, std::less<>>;

std::optional<std::uint32_t> size_of(const StructSizes& sizes,
                                     const Structure& structure);

} // namespace kpatch::special
