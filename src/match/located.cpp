// SPDX-License-Identifier: GPL-2.0-or-later
#include "match/located.h"

#include "match/references.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace kpatch::match {

image::LocatedSymbols
located_symbols(const elf::Object& unit, const image::Image& image,
                std::span<const std::optional<std::uint64_t>> addresses) {
  image::LocatedSymbols located;
  std::map<std::string_view, unsigned> uses;
  for (elf::SymbolId id = 1; id < unit.symbols.size(); ++id)
    if (addresses[id] && is_named_thing(unit.symbols[id]))
      ++uses[unit.symbols[id].name];
  for (elf::SymbolId id = 1; id < unit.symbols.size(); ++id) {
    const elf::Symbol& symbol = unit.symbols[id];
    if (!addresses[id] || !is_named_thing(symbol) || uses[symbol.name] > 1)
      continue;
    const std::vector<image::ImageSymbolId> named = image.named(symbol.name);
    const auto at = std::ranges::find(named, *addresses[id], [&](auto entry) {
      return image.symbols()[entry].address;
    });
    if (at != named.end())
      located[symbol.name] = {.address = *addresses[id],
                              .size = symbol.size,
                              .position =
                                  static_cast<std::uint64_t>(at - named.begin()) + 1,
                              .is_only_one = named.size() == 1,
                              .is_global = !symbol.is_local()};
  }
  return located;
}

} // namespace kpatch::match
