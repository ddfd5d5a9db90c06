// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compilers refer to local things as section+offset. Such a reference says nothing about
// *what* is meant, and comparing or including by it would drag whole sections along, so
// it is turned into a reference to the symbol that lies there:
//
//   mov .data..read_mostly+0x18, %rax    becomes    mov net_secret+0x8, %rax
//
// Some sections hold things without symbols (string literals, alternatives); references
// to those stay. What finds no symbol stays too and is judged when it would reach the
// patch.
#include "diff/context.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace kpatch::diff {

namespace {

/// The symbols of each section by address, for "which of them covers this offset?".
class Cover {
 public:
  explicit Cover(const Side& side) : side_(side), by_section_(side.sections.size()) {
    for (SymbolId id = 1; id < side.symbols.size(); ++id)
      if (side.home(id) && !side.symbol(id).is_section())
        by_section_[side.home(id)].symbols.push_back(id);
  }

  /// The first symbol, in symbol order, with start <= target < end, or that is empty and
  /// starts there.
  SymbolId at(SectionId section, std::uint64_t target) {
    const Map& map = surveyed(section);
    const auto empty = map.empty_ones.find(target);
    const SymbolId here = empty == map.empty_ones.end() ? kNoSymbol : empty->second;
    auto stretch = map.stretches.upper_bound(target);
    const SymbolId covering =
        stretch == map.stretches.begin() ? kNoSymbol : (--stretch)->second;
    return first_of(here, covering);
  }

  /// The first symbol that ends where the section ends: code may hold the address one
  /// past it.
  SymbolId ending_at_end(SectionId section) { return surveyed(section).last; }

  static SymbolId first_of(SymbolId a, SymbolId b) { return a && (!b || a < b) ? a : b; }

 private:
  struct Map {
    std::vector<SymbolId> symbols;
    std::map<std::uint64_t, SymbolId>
        stretches; ///< first to cover, from here to the next
    std::unordered_map<std::uint64_t, SymbolId> empty_ones; ///< by place
    SymbolId last = kNoSymbol;                              ///< ends with the section
    bool is_surveyed = false;
  };

  const Map& surveyed(SectionId section) {
    Map& map = by_section_[section];
    if (map.is_surveyed)
      return map;
    map.is_surveyed = true;
    std::map<std::uint64_t, std::vector<SymbolId>> events; // where symbols start and end
    const std::uint64_t end_of_section = side_.section(section).size();
    for (const SymbolId id : map.symbols) {
      const elf::Symbol& symbol = side_.symbol(id);
      const std::uint64_t end = symbol.value + symbol.size;
      if (end == end_of_section)
        map.last = first_of(map.last, id);
      if (symbol.size == 0 && !side_.arch.is_mapping_symbol(symbol))
        map.empty_ones.try_emplace(symbol.value, id);
      if (end > symbol.value) {
        events[symbol.value].push_back(id);
        events[end].push_back(id);
      }
    }
    std::set<SymbolId> open;
    for (const auto& [place, ids] : events) {
      for (const SymbolId id : ids)
        if (!open.insert(id).second)
          open.erase(id);
      map.stretches[place] = open.empty() ? kNoSymbol : *open.begin();
    }
    return map;
  }

  const Side& side_;
  std::vector<Map> by_section_;
};

SymbolId replacement(const Side& side, Cover& cover, SectionId base,
                     const elf::Relocation& relocation) {
  const SectionId home = side.home(relocation.symbol);
  const std::int64_t target = side.target_offset(base, relocation);
  if (target < 0)
    return kNoSymbol;
  const bool past_end =
      side.section(base).is_text() && !side.section(home).is_text() &&
      side.arch.may_point_past_end(relocation.type) &&
      static_cast<std::uint64_t>(relocation.addend) == side.section(home).size();
  const SymbolId covering = cover.at(home, static_cast<std::uint64_t>(target));
  if (!past_end)
    return covering;
  return Cover::first_of(covering, cover.ending_at_end(home));
}

} // namespace

void replace_section_symbols(Side& side) {
  Cover cover(side);
  for (SectionId base = 1; base < side.sections.size(); ++base) {
    elf::Section& section = side.object.sections[base];
    if (special::is_debug_section(section.name) ||
        section.name == arch::kPatchableEntries)
      continue;
    for (elf::Relocation& relocation : section.relocations) {
      const elf::Symbol& symbol = side.symbol(relocation.symbol);
      if (!symbol.is_section() || !side.home(relocation.symbol) ||
          special::has_no_symbols(symbol.name))
        continue;
      SymbolId target = side.sections[side.home(relocation.symbol)].bundled;
      if (!target)
        target = replacement(side, cover, base, relocation);
      if (!target)
        continue;
      relocation.symbol = target;
      relocation.addend -= static_cast<std::int64_t>(side.symbol(target).value);
    }
  }
}

} // namespace kpatch::diff
