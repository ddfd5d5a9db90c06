// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/handed_on_words.h"

#include <algorithm>

namespace kpatch::patch {

void HandedOnWords::add_words(FileId header, std::span<const SourceItem> items) {
  for (const SourceItem& item : items)
    for (const std::string_view word : item.handed_on)
      headers_[std::string(word)].insert(header);
}

void HandedOnWords::add_macros(FileId file, std::span<const std::string_view> names) {
  for (const std::string_view name : names)
    if (headers_.contains(name))
      macros_.emplace_back(name, file);
}

bool HandedOnWords::are_macros(const std::vector<bool>& reads,
                               std::optional<FileId> only) const {
  return std::ranges::any_of(macros_, [&](const auto& macro) {
    const std::set<FileId>& headers = headers_.find(macro.first)->second;
    return reads[macro.second] && std::ranges::any_of(headers, [&](FileId header) {
             return reads[header] && (!only || header == *only);
           });
  });
}

} // namespace kpatch::patch
