// SPDX-License-Identifier: GPL-2.0-or-later
//
// A name may be used without being spelled anywhere:
//
//   #define OP(x) atomic_##x     static inline void f(int *p) { OP(inc)(p); }
//
// f mentions OP and `inc`, and thereby uses atomic_inc. Which of the words near a macro's
// name are its arguments is not asked. Arguments may come by way of other macros with
// arguments, and be pasted in two steps.
#include "patch/pasted_names.h"

#include "base/text.h"

#include <algorithm>

namespace kpatch::patch {

namespace {

/// A piece that the user of the macro gives.
bool is_given(std::string_view piece) {
  return piece.empty();
}

} // namespace

void PastedNames::add(WordId macro, const PastedName& name) {
  Pieces pieces(name.begin(), name.end());
  const auto [known, is_new] =
      ids_.try_emplace(pieces, static_cast<PatternId>(patterns_.size()));
  if (is_new && pieces.size() == 2) {
    if (is_given(pieces[1]) && !is_given(pieces[0]))
      first_pieces_.insert(pieces[0]);
    if (is_given(pieces[0]) && !is_given(pieces[1]))
      last_pieces_.insert(pieces[1]);
  }
  if (is_new)
    patterns_.push_back(std::move(pieces));
  patterns_of_[macro].insert(known->second);
}

bool PastedNames::hand_on(WordId caller, WordId macro) {
  if (caller == macro)
    return false;
  const auto found = patterns_of_.find(macro);
  if (found == patterns_of_.end())
    return false;
  const std::set<PatternId> patterns = found->second;
  std::set<PatternId>& own = patterns_of_[caller];
  const std::size_t before = own.size();
  own.insert(patterns.begin(), patterns.end());
  return own.size() > before;
}

/// The words that must be mentioned for `given` to be an argument: itself, or what is
/// left of it without the fixed piece of another macro.
std::optional<std::vector<WordId>> PastedNames::spelling(std::string_view given) const {
  constexpr std::size_t kNumberSize = 3; // "16", "64U"
  if (given.empty() || (is_digit(given[0]) && given.size() <= kNumberSize))
    return std::vector<WordId>();
  if (const auto word = words_.find(given))
    return std::vector{*word};
  for (std::size_t at = 1; at < given.size(); ++at) {
    const std::string_view head = given.substr(0, at);
    const std::string_view tail = given.substr(at);
    if (first_pieces_.contains(head))
      if (const auto word = words_.find(tail))
        return std::vector{*word};
    if (last_pieces_.contains(tail))
      if (const auto word = words_.find(head))
        return std::vector{*word};
  }
  return std::nullopt;
}

/// Adds to `found` every way to make `rest` of the pieces.
bool PastedNames::match(std::span<const std::string> pieces, std::string_view rest,
                        Recipe& recipe, std::vector<Recipe>& found) const {
  if (pieces.empty()) {
    if (rest.empty())
      found.push_back(recipe);
    return rest.empty();
  }
  if (!is_given(pieces[0]))
    return rest.starts_with(pieces[0]) &&
           match(pieces.subspan(1), rest.substr(pieces[0].size()), recipe, found);
  bool any = false;
  const bool is_last = pieces.size() == 1;
  for (std::size_t length = is_last ? rest.size() : 0; length <= rest.size(); ++length) {
    const auto words = spelling(rest.substr(0, length));
    if (!words)
      continue;
    const std::size_t before = recipe.given.size();
    recipe.given.insert(recipe.given.end(), words->begin(), words->end());
    any |= match(pieces.subspan(1), rest.substr(length), recipe, found);
    recipe.given.resize(before);
  }
  return any;
}

std::vector<PastedNames::Recipe> PastedNames::recipes(std::string_view name) const {
  std::vector<Recipe> found;
  for (PatternId id = 0; id < patterns_.size(); ++id) {
    const Pieces& pieces = patterns_[id];
    if (!name.starts_with(pieces.front()) || !name.ends_with(pieces.back()))
      continue;
    Recipe recipe{id, {}};
    match(pieces, name, recipe, found);
  }
  // A name that is spelled as a whole is found without this.
  std::erase_if(found, [&](const Recipe& recipe) {
    return recipe.given.empty() ||
           (recipe.given.size() == 1 && words_.word(recipe.given[0]) == name);
  });
  return found;
}

bool PastedNames::can_paste(std::span<const WordId> words, PatternId pattern) const {
  return std::ranges::any_of(words, [&](WordId word) {
    const auto found = patterns_of_.find(word);
    return found != patterns_of_.end() && found->second.contains(pattern);
  });
}

} // namespace kpatch::patch
