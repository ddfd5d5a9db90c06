// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/source_items.h"
#include "patch/vocabulary.h"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace kpatch::patch {

/// What macros may make with ##.
class PastedNames {
 public:
  using PatternId = std::uint32_t;

  explicit PastedNames(const Vocabulary& words) : words_(words) {}

  /// Takes note that `macro` pastes `name`.
  void add(WordId macro, const PastedName& name);
  /// Whoever calls `caller` may have `macro` paste what `caller` is given. Returns
  /// whether that was new.
  bool hand_on(WordId caller, WordId macro);

  /// Whether calls of the macro may paste.
  bool is_paster(WordId macro) const { return patterns_of_.contains(macro); }

  /// A way to make a name: who calls a macro with this pattern and mentions these words.
  struct Recipe {
    PatternId pattern;
    std::vector<WordId> given;
  };
  std::vector<Recipe> recipes(std::string_view name) const;

  /// Whether one of the words is a macro that pastes by the pattern.
  bool can_paste(std::span<const WordId> words, PatternId pattern) const;

 private:
  using Pieces = std::vector<std::string>;
  bool match(std::span<const std::string> pieces, std::string_view rest, Recipe& recipe,
             std::vector<Recipe>& found) const;
  std::optional<std::vector<WordId>> spelling(std::string_view given) const;

  const Vocabulary& words_;
  std::vector<Pieces> patterns_;
  std::map<Pieces, PatternId> ids_;
  std::unordered_map<WordId, std::set<PatternId>> patterns_of_;
  std::set<std::string, std::less<>> first_pieces_; ///< of patterns "piece given"
  std::set<std::string, std::less<>> last_pieces_;  ///< of patterns "given piece"
};

} // namespace kpatch::patch
