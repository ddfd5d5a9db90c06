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
#include "diff/names.h"

#include <algorithm>
#include <array>

namespace kpatch::diff {

namespace {

constexpr std::array<std::string_view, 5> kWithoutSymbols = {
    ".toc", ".fixup", ".altinstr_replacement", ".altinstr_aux", ".text..refcount"};

bool has_no_symbols(std::string_view name) {
  return is_ubsan_name(name) || name.starts_with("__ftr_alt_") ||
         std::ranges::find(kWithoutSymbols, name) != kWithoutSymbols.end();
}

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
    List& list = sorted(section);
    SymbolId best = kNoSymbol;
    auto after = std::ranges::upper_bound(
        list.symbols, target, {}, [&](SymbolId id) { return side_.symbol(id).value; });
    for (auto i = static_cast<std::size_t>(after - list.symbols.begin()); i-- > 0;) {
      if (list.furthest_end[i] < target)
        break; // nothing from here down reaches the target
      const SymbolId id = list.symbols[i];
      const elf::Symbol& symbol = side_.symbol(id);
      const bool covers = target < symbol.value + symbol.size;
      const bool is_here = symbol.size == 0 && symbol.value == target &&
                           !side_.arch.is_mapping_symbol(symbol);
      if ((covers || is_here) && (best == kNoSymbol || id < best))
        best = id;
    }
    return best;
  }

  /// The first symbol that ends where the section ends: code may hold the address one
  /// past it.
  SymbolId ending_at_end(SectionId section) {
    SymbolId best = kNoSymbol;
    const std::uint64_t end = side_.section(section).size();
    for (const SymbolId id : sorted(section).symbols)
      if (side_.symbol(id).value + side_.symbol(id).size == end &&
          (best == kNoSymbol || id < best))
        best = id;
    return best;
  }

 private:
  struct List {
    std::vector<SymbolId> symbols;
    std::vector<std::uint64_t> furthest_end; ///< of this one and all before it
    bool is_sorted = false;
  };

  List& sorted(SectionId section) {
    List& list = by_section_[section];
    if (list.is_sorted)
      return list;
    std::ranges::stable_sort(list.symbols, {},
                             [&](SymbolId id) { return side_.symbol(id).value; });
    std::uint64_t furthest = 0;
    for (const SymbolId id : list.symbols) {
      furthest = std::max(furthest, side_.symbol(id).value + side_.symbol(id).size);
      list.furthest_end.push_back(furthest);
    }
    list.is_sorted = true;
    return list;
  }

  const Side& side_;
  std::vector<List> by_section_;
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
  const SymbolId ending = cover.ending_at_end(home);
  return covering && (!ending || covering < ending) ? covering : ending;
}

} // namespace

void replace_section_symbols(Side& side) {
  Cover cover(side);
  for (SectionId base = 1; base < side.sections.size(); ++base) {
    elf::Section& section = side.object.sections[base];
    if (is_debug_section(section.name) || section.name == arch::kPatchableEntries)
      continue;
    for (elf::Relocation& relocation : section.relocations) {
      const elf::Symbol& symbol = side.symbol(relocation.symbol);
      if (!symbol.is_section() || !side.home(relocation.symbol) ||
          has_no_symbols(symbol.name))
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
