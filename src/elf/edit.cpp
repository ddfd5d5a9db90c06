// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ids are dense indexes, so taking a section or symbol out moves all that follow. Both
// functions work alike: decide for every id what becomes of it (a table from old id to
// new), prove that nothing that stays refers to something that goes, rewrite every
// reference, and only then close the gaps.
#include "elf/edit.h"

#include "base/error.h"

#include <algorithm>

namespace kpatch::elf {

namespace {

/// Old id -> new id; kGone for what is removed. Id 0 (none) maps to itself.
using Renumbering = std::vector<std::uint32_t>;
constexpr std::uint32_t kGone = 0xffffffff;

Renumbering renumber(std::size_t count,
                     const std::function<bool(std::uint32_t)>& is_doomed) {
  Renumbering map(count, kGone);
  std::uint32_t next = 0;
  for (std::uint32_t id = 0; id < count; ++id)
    if (id == 0 || !is_doomed(id))
      map[id] = next++;
  return map;
}

template <typename T>
void close_gaps(std::vector<T>& items, const Renumbering& map) {
  std::vector<T> kept;
  kept.reserve(items.size());
  for (std::size_t id = 0; id < items.size(); ++id)
    if (map[id] != kGone)
      kept.push_back(std::move(items[id]));
  items = std::move(kept);
}

void move_relocations(std::vector<Relocation>& relocations, const Renumbering& map,
                      const Object& object, std::string_view place) {
  for (Relocation& relocation : relocations) {
    const SymbolId symbol = map[relocation.symbol];
    if (symbol == kGone)
      fail("{}: {}: relocation at {:#x} needs symbol '{}', which is to be removed",
           object.label, place, relocation.offset,
           object.symbols[relocation.symbol].name);
    relocation.symbol = symbol;
  }
}

/// Rewrites every symbol id of the sections that stay.
void move_symbols(Object& object, const Renumbering& map) {
  for (Section& section : object.sections) {
    move_relocations(section.relocations, map, object, section.name);
    const SymbolId signature = map[section.group_signature];
    if (signature == kGone)
      fail("{}: section group '{}' needs its signature symbol, which is to be removed",
           object.label, section.name);
    section.group_signature = signature;
  }
  for (LivepatchRelocations& table : object.livepatch)
    move_relocations(table.relocations, map, object, table.name);
  close_gaps(object.symbols, map);
}

/// Rewrites what a section that stays says about other sections.
void move_section_references(Section& section, const Renumbering& map,
                             const std::string& label) {
  if (map[section.link] == kGone)
    fail("{}: section {} is linked to a section that is to be removed", label,
         section.name);
  section.link = map[section.link];
  std::erase_if(section.group_members, [&](SectionId id) { return map[id] == kGone; });
  for (SectionId& member : section.group_members)
    member = map[member];
}

/// A group none of whose members stays.
bool is_emptied_group(const Section& section, const std::vector<bool>& doomed) {
  return section.type == SHT_GROUP &&
         std::ranges::all_of(section.group_members,
                             [&](SectionId member) { return doomed[member]; });
}

std::vector<bool>
find_doomed_sections(const Object& object,
                     const std::function<bool(const Section&)>& is_doomed) {
  std::vector<bool> doomed(object.sections.size(), false);
  for (std::size_t id = 1; id < object.sections.size(); ++id)
    doomed[id] = is_doomed(object.sections[id]);
  const std::vector<bool> picked = doomed;
  for (std::size_t id = 1; id < object.sections.size(); ++id)
    if (is_emptied_group(object.sections[id], picked))
      doomed[id] = true;
  return doomed;
}

void drop_livepatch_tables(Object& object, const std::vector<bool>& doomed) {
  std::erase_if(object.livepatch,
                [&](const LivepatchRelocations& table) { return doomed[table.target]; });
}

} // namespace

void remove_symbols(Object& object, const std::function<bool(SymbolId)>& is_doomed) {
  move_symbols(object, renumber(object.symbols.size(), is_doomed));
}

void remove_sections(Object& object,
                     const std::function<bool(const Section&)>& is_doomed) {
  const std::vector<bool> doomed = find_doomed_sections(object, is_doomed);
  const Renumbering map =
      renumber(object.sections.size(), [&](std::uint32_t id) { return doomed[id]; });

  // What goes needs nothing any more: only references from what stays may be in the way.
  for (std::size_t id = 1; id < object.sections.size(); ++id)
    if (doomed[id])
      object.sections[id] = Section{};
  drop_livepatch_tables(object, doomed);
  remove_symbols(object, [&](SymbolId id) { return doomed[object.symbols[id].section]; });

  for (Symbol& symbol : object.symbols)
    symbol.section = map[symbol.section];
  for (LivepatchRelocations& table : object.livepatch)
    table.target = map[table.target];
  for (std::size_t id = 1; id < object.sections.size(); ++id)
    if (!doomed[id])
      move_section_references(object.sections[id], map, object.label);
  close_gaps(object.sections, map);
}

} // namespace kpatch::elf
