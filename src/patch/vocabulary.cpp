// SPDX-License-Identifier: GPL-2.0-or-later
//
// The headers and sources that one header of the kernel reaches mention millions of
// identifiers, half a million different ones. As numbers they take a tenth of the space
// and compare at once.
#include "patch/vocabulary.h"

#include <algorithm>

namespace kpatch::patch {

WordId Vocabulary::add(std::string_view word) {
  if (const auto known = ids_.find(word); known != ids_.end())
    return known->second;
  const auto id = static_cast<WordId>(words_.size());
  ids_.emplace(words_.emplace_back(word), id);
  return id;
}

std::vector<WordId> Vocabulary::add_all(std::span<const std::string_view> words) {
  std::vector<WordId> ids;
  ids.reserve(words.size());
  for (const std::string_view word : words)
    ids.push_back(add(word));
  std::ranges::sort(ids);
  return ids;
}

std::optional<WordId> Vocabulary::find(std::string_view word) const {
  const auto known = ids_.find(word);
  return known == ids_.end() ? std::nullopt : std::optional(known->second);
}

namespace {

enum class Letter { kUnderscore, kUpper, kOther };

Letter letter(char c) {
  if (c == '_')
    return Letter::kUnderscore;
  return c >= 'A' && c <= 'Z' ? Letter::kUpper : Letter::kOther;
}

} // namespace

std::vector<std::size_t> word_borders(std::string_view name) {
  std::vector<std::size_t> borders{0};
  for (std::size_t at = 1; at < name.size(); ++at) {
    const Letter before = letter(name[at - 1]);
    const Letter here = letter(name[at]);
    if (before != here && !(before == Letter::kUpper && here == Letter::kOther))
      borders.push_back(at);
  }
  borders.push_back(name.size());
  return borders;
}

} // namespace kpatch::patch
