// SPDX-License-Identifier: GPL-2.0-or-later
//
// Some sections hold many things: init code, data that the source puts in a section by
// name. When such a section differs, the question is which of the things do. They are
// cut out by their symbols and described so that two can be compared wherever they lie.
#include "diff/portraits.h"

#include "diff/constants.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::diff {

namespace {

/// A reference by what it means: places inside string sections shift with every literal,
/// the text is what counts.
std::string meaning(const Side& side, SectionId home, const elf::Relocation& relocation) {
  if (const auto text = side.string_target(home, relocation))
    return fmt::format("\"{}\"", *text);
  if (const auto constant = constant_target(side, home, relocation)) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(constant->data());
    return fmt::format("the constant {:02x}",
                       fmt::join(bytes, bytes + constant->size(), ""));
  }
  const std::string& name = side.symbol(relocation.symbol).name;
  const std::int64_t offset = side.target_offset(home, relocation);
  return offset ? fmt::format("{}{:+#x}", name, offset) : name;
}

} // namespace

std::map<std::string_view, Portrait> portraits(const Side& side, SectionId home) {
  std::map<std::uint64_t, SymbolId> by_start;
  for (SymbolId id = 1; id < side.symbols.size(); ++id)
    if (side.home(id) == home &&
        (side.symbol(id).is_function() || side.symbol(id).is_object()))
      by_start[side.symbol(id).value] = id;
  std::map<std::string_view, Portrait> result;
  const elf::Section& section = side.section(home);
  for (const auto& [start, id] : by_start) {
    Portrait& portrait = result[side.symbol(id).name];
    portrait.symbol = id;
    if (start <= section.data.size() &&
        side.symbol(id).size <= section.data.size() - start)
      portrait.bytes = std::span(section.data).subspan(start, side.symbol(id).size);
  }
  for (const elf::Relocation& relocation : section.relocations) {
    auto after = by_start.upper_bound(relocation.offset);
    if (after == by_start.begin())
      continue;
    const auto& [start, id] = *--after;
    result[side.symbol(id).name].references[relocation.offset - start] =
        meaning(side, home, relocation);
  }
  return result;
}

} // namespace kpatch::diff
