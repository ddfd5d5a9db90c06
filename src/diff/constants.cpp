// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compilers put literals and constants of 4 to 32 bytes into sections that the linker
// merges (SHF_MERGE: .rodata.str1.1, .rodata.cst16), under labels that they number
// through the unit: .LC7. Every edit shifts the numbers, so the same label may stand for
// another constant and another label for the same. What counts is the content.
#include "diff/constants.h"

#include <algorithm>

namespace kpatch::diff {

bool has_constants_only(const elf::Section& section) {
  return (section.flags & SHF_MERGE) && !(section.flags & (SHF_WRITE | SHF_EXECINSTR)) &&
         section.relocations.empty();
}

std::optional<std::string_view> constant_target(const Side& side, SectionId base,
                                                const elf::Relocation& relocation) {
  if (const auto text = side.string_target(base, relocation))
    return text;
  const elf::Symbol& symbol = side.symbol(relocation.symbol);
  const elf::Section& home = side.section(symbol.section);
  if (!symbol.is_defined() || !has_constants_only(home) || home.entry_size == 0)
    return std::nullopt;
  const std::uint64_t at =
      symbol.value + static_cast<std::uint64_t>(side.target_offset(base, relocation));
  if (at >= home.data.size())
    return std::nullopt;
  const std::uint64_t rest = home.entry_size - at % home.entry_size;
  return std::string_view(reinterpret_cast<const char*>(home.data.data()) + at,
                          std::min<std::uint64_t>(rest, home.data.size() - at));
}

} // namespace kpatch::diff
