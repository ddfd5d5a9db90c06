// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/given_names.h"

#include <algorithm>
#include <span>

namespace kpatch::patch {

namespace {

bool is_made_of(std::string_view name, std::span<const std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  });
}

} // namespace

void GivenNames::read(const SourceItem& item) {
  for (const std::string_view name : item.sure_constants)
    items_[name].push_back(&item);
  if (!item.is_macro)
    return;
  for (const std::string_view name : item.defines)
    if (item.replaces)
      items_[name].push_back(&item);
    else
      items_.erase(name);
}

std::vector<std::string_view> GivenNames::never_made_by(const SourceItem& call) const {
  std::vector<std::string_view> names;
  if (!call.calls.empty())
    for (const auto& [name, items] : items_)
      if (is_made_of(name, call.defines_made_of) &&
          std::ranges::any_of(
              items, [&](const auto* item) { return is_there_with(*item, call); }))
        names.push_back(name);
  return names;
}

} // namespace kpatch::patch
