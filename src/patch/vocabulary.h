// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kpatch::patch {

using WordId = std::uint32_t;

/// Identifiers as numbers.
class Vocabulary {
 public:
  WordId add(std::string_view word);
  /// The numbers, sorted.
  std::vector<WordId> add_all(std::span<const std::string_view> words);
  std::optional<WordId> find(std::string_view word) const;
  const std::string& word(WordId id) const { return words_[id]; }
  std::size_t size() const { return words_.size(); }

 private:
  std::deque<std::string> words_; // they stay in place
  std::unordered_map<std::string_view, WordId> ids_;
};

/// The places between the words that an identifier is made of, its ends included:
/// |set|_|Page|Error|.
std::vector<std::size_t> word_borders(std::string_view name);

} // namespace kpatch::patch
