// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::image {

/// One entry of a binary's symbol table, in the words of <elf.h>.
struct ParentSymbol {
  std::string name;
  std::uint8_t type = 0;    ///< STT_*
  std::uint8_t binding = 0; ///< STB_*
  std::uint64_t value = 0;
  std::uint64_t size = 0;
  bool is_defined = false; ///< not SHN_UNDEF

  bool operator==(const ParentSymbol&) const = default;
};

/// The whole symbol table of a vmlinux or module file in its order; [0] is the null
/// symbol.
std::vector<ParentSymbol> read_symbols(const std::filesystem::path& file);

} // namespace kpatch::image
