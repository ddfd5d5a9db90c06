// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/orc.h"

#include "base/error.h"

namespace kpatch::elf {

std::optional<OrcTable> OrcTable::read(const Object& object, std::uint64_t entry_size,
                                       std::string_view label) {
  const SectionId entries_id = object.find_section(kOrcEntries);
  const SectionId places_id = object.find_section(kOrcPlaces);
  if (!entries_id || !places_id || !object.sections[places_id].has_relocations)
    return std::nullopt;
  const Section& entries = object.sections[entries_id];
  const Section& places = object.sections[places_id];
  if (entries.is_nobits() || places.is_nobits())
    fail("{}: {} has no contents in the file", label, kOrcEntries);
  const std::uint64_t count = entries.size() / entry_size;
  if (entries.size() % entry_size != 0)
    fail("{}: bad {} size", label, kOrcEntries);
  if (places.size() != count * kOrcPlaceSize || places.relocations.size() != count)
    fail("{}: {}/{} size mismatch", label, kOrcEntries, kOrcPlaces);
  OrcTable table;
  table.entry_size_ = entry_size;
  table.entries_ = entries.data;
  table.places_ = places.relocations;
  return table;
}

std::span<const std::uint8_t> OrcTable::entry(std::size_t index) const {
  return std::span(entries_).subspan(index * entry_size_, entry_size_);
}

std::optional<std::size_t> OrcTable::find(const Object& object, SectionId section,
                                          std::uint64_t offset) const {
  std::optional<std::size_t> found;
  std::int64_t nearest = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    const Symbol& base = object.symbols.at(places_[i].symbol);
    const auto at = static_cast<std::int64_t>(base.value) + places_[i].addend;
    if (base.section != section || at > static_cast<std::int64_t>(offset) ||
        (found && at < nearest))
      continue;
    found = i;
    nearest = at;
  }
  return found;
}

void OrcTable::repeat(const Object& object, std::size_t model, SymbolId symbol,
                      std::int64_t addend) {
  const std::span<const std::uint8_t> said = entry(model);
  const Bytes copy(said.begin(), said.end());
  Relocation place = this->place(model);
  place.symbol = symbol;
  place.addend = addend;
  const Symbol& base = object.symbols.at(symbol);
  const std::optional<std::size_t> before =
      find(object, base.section, base.value + static_cast<std::uint64_t>(addend));
  const auto at = static_cast<std::ptrdiff_t>(before ? *before + 1 : size());
  entries_.insert(entries_.begin() + at * static_cast<std::ptrdiff_t>(entry_size_),
                  copy.begin(), copy.end());
  places_.insert(places_.begin() + at, place);
}

void OrcTable::keep(const std::function<bool(const Relocation& place)>& is_wanted) {
  Bytes entries;
  std::vector<Relocation> places;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!is_wanted(places_[i]))
      continue;
    const std::span<const std::uint8_t> said = entry(i);
    entries.insert(entries.end(), said.begin(), said.end());
    places.push_back(places_[i]);
  }
  entries_ = std::move(entries);
  places_ = std::move(places);
}

void OrcTable::write(Object& object) const {
  Section& places = object.sections.at(object.find_section(kOrcPlaces));
  object.sections.at(object.find_section(kOrcEntries)).data = entries_;
  places.data.resize(size() * kOrcPlaceSize);
  places.relocations = places_;
  for (std::size_t i = 0; i < size(); ++i)
    places.relocations[i].offset = i * kOrcPlaceSize;
}

} // namespace kpatch::elf
