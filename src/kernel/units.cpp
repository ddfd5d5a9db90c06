// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which binary a source file ends up in is not visible in its path: makefiles group,
// rename and share files. The debug information of the shipped binaries names every
// translation unit that went into them, so it is asked once per kernel and the answer
// kept as a text that is quick to read back.
#include "kernel/units.h"

#include "base/error.h"
#include "base/text.h"

#include <algorithm>

namespace kpatch::kernel {
namespace fs = std::filesystem;

void UnitIndex::add(std::string_view source, std::string_view owner) {
  auto place = owners_.find(source);
  if (place == owners_.end())
    place = owners_.emplace(source, std::vector<std::string>()).first;
  std::vector<std::string>& owners = place->second;
  const auto at = std::lower_bound(owners.begin(), owners.end(), owner);
  if (at == owners.end() || *at != owner)
    owners.emplace(at, owner);
}

std::span<const std::string> UnitIndex::owners(std::string_view source) const {
  const auto found = owners_.find(source);
  return found == owners_.end() ? std::span<const std::string>() : found->second;
}

std::vector<std::string> UnitIndex::units_of(std::string_view owner) const {
  std::vector<std::string> units;
  for (const auto& [source, owners] : owners_)
    if (std::binary_search(owners.begin(), owners.end(), owner))
      units.push_back(source);
  return units;
}

std::string UnitIndex::text() const {
  std::string text;
  for (const auto& [source, owners] : owners_) {
    text += source;
    for (const std::string& owner : owners)
      text += '\t' + owner;
    text += '\n';
  }
  return text;
}

UnitIndex UnitIndex::parse(std::string_view text, std::string_view label) {
  UnitIndex index;
  for (std::size_t line = 1; !text.empty(); ++line) {
    std::string_view rest = take_line(text);
    std::size_t tab = rest.find('\t');
    if (tab == 0 || tab == std::string_view::npos)
      fail("{}:{}: not a unit with its owners", label, line);
    const std::string_view source = rest.substr(0, tab);
    while (tab != std::string_view::npos) {
      rest.remove_prefix(tab + 1);
      tab = rest.find('\t');
      index.add(source, rest.substr(0, tab));
    }
  }
  return index;
}

std::string module_name(const fs::path& file) {
  std::string name = file.filename().string();
  if (const std::size_t suffix = name.find(".ko"); suffix != std::string::npos)
    name.resize(suffix);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

} // namespace kpatch::kernel
