// SPDX-License-Identifier: GPL-2.0-or-later
//
// A static inline function of a header is changed. Whose code is another one now? That of
// the units that mention its name, or mention a macro that mentions it, or a function of
// a header that uses such a macro:
//
//   changed: skb_put    #define put8(s) skb_put(s, 1)    static inline f() { put8(s); }
//            skb_put -> put8 -> f -> units that mention skb_put, put8 or f
//
// The same holds for types: every use of a type in a unit begins at a name that is
// spelled in it, of a variable, a function, a macro or a type, and the declarations of
// these name further types. Members need no attention, they are reached by way of a type.
//
// It is asked for each unit by itself, over the files that the unit reads: a name in a
// header of some driver says nothing about others, nor does one that changes there.
#include "patch/name_spread.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace kpatch::patch {

NamedItem::NamedItem(IncludeIndex::FileId in, const SourceItem& item, Vocabulary& words)
    : file(in), defines(words.add_all(item.defines)),
      defines_made_of(words.add_all(item.defines_made_of)),
      mentions(words.add_all(item.mentions)), given(words.add_all(item.in_parentheses)),
      hands_on_arguments(item.is_macro_with_arguments), emits(item.emits),
      is_unclear(item.is_unclear) {
  if (!item.calls.empty())
    calls = words.add(item.calls);
}

void NameSpread::add_item(NamedItem item, std::span<const PastedName> pastes) {
  is_defined_.resize(words_.size());
  for (const WordId name : item.defines)
    is_defined_[name] = true;
  for (const PastedName& pasted : pastes)
    for (const WordId name : item.defines)
      pasted_.add(name, pasted);
  items_.push_back(std::move(item));
}

std::span<const NameSpread::Link> NameSpread::links(WordId word) const {
  const auto first = std::ranges::lower_bound(links_, word, {}, &Link::word);
  const auto last = std::ranges::upper_bound(first, links_.end(), word, {}, &Link::word);
  return {first, last};
}

void NameSpread::link() {
  for (ItemId id = 0; id < items_.size(); ++id)
    for (const WordId word : items_[id].mentions)
      links_.push_back({word, id});
  std::ranges::sort(links_);
}

/// Macros that hand their arguments on to macros that paste do so themselves.
void NameSpread::find_pasters() {
  std::deque<WordId> pending;
  for (const NamedItem& item : items_)
    for (const WordId name : item.defines)
      if (pasted_.is_paster(name))
        pending.push_back(name);
  while (!pending.empty()) {
    const WordId macro = pending.front();
    pending.pop_front();
    for (const Link& link : links(macro))
      if (items_[link.item].hands_on_arguments)
        for (const WordId caller : items_[link.item].defines)
          if (pasted_.hand_on(caller, macro))
            pending.push_back(caller);
  }
  for (NamedItem& item : items_)
    std::ranges::copy_if(item.mentions, std::back_inserter(item.pasters),
                         [&](WordId word) { return pasted_.is_paster(word); });
}

/// Finds the words that the arguments of macro calls are parts of. Most words of a kernel
/// are long names of registers with none: they are looked for in a table that fits into
/// the processor's cache.
void NameSpread::find_parts() {
  for (const NamedItem& item : items_)
    for (const WordId part : item.defines_made_of)
      made_of_.try_emplace(part);
  std::unordered_map<std::string_view, std::vector<WordId>*> parts;
  for (auto& [part, words] : made_of_)
    parts.emplace(words_.word(part), &words);
  for (WordId id = 0; id < words_.size(); ++id) {
    const std::string_view word = words_.word(id);
    const std::vector<std::size_t> borders = word_borders(word);
    for (std::size_t i = 0; i < borders.size(); ++i)
      for (std::size_t j = i + 1; j < borders.size(); ++j)
        if (const auto found =
                parts.find(word.substr(borders[i], borders[j] - borders[i]));
            found != parts.end())
          found->second->push_back(id);
  }
}

std::span<const WordId> NameSpread::names_made_of(WordId part) const {
  const auto found = made_of_.find(part);
  return found == made_of_.end() ? std::span<const WordId>() : found->second;
}

std::vector<WordId> NameSpread::names_made_of(WordId part,
                                              std::span<const WordId> never_made) const {
  std::vector<WordId> names;
  std::ranges::copy_if(names_made_of(part), std::back_inserter(names), [&](WordId name) {
    return !std::ranges::binary_search(never_made, name);
  });
  return names;
}

/// The items that make the name with ##.
const std::vector<NameSpread::ItemId>& NameSpread::pasted_in(WordId name) {
  const auto [place, is_new] = pasted_in_.try_emplace(name);
  std::vector<ItemId>& found = place->second;
  if (!is_new)
    return found;
  for (const PastedNames::Recipe& recipe : pasted_.recipes(words_.word(name))) {
    std::span<const Link> fewest = links(recipe.given[0]);
    for (const WordId word : recipe.given)
      if (links(word).size() < fewest.size())
        fewest = links(word);
    for (const Link& link : fewest) {
      const NamedItem& item = items_[link.item];
      const bool has_all = std::ranges::all_of(recipe.given, [&](WordId word) {
        return std::ranges::binary_search(item.given, word);
      });
      if (has_all && pasted_.can_paste(item.pasters, recipe.pattern))
        found.push_back(link.item);
    }
  }
  return found;
}

void NameSpread::start_from(std::span<const ChangedName> changed,
                            std::span<const ChangedPart> changed_parts) {
  link();
  find_pasters();
  for (const auto& [part, never_made] : changed_parts)
    made_of_.try_emplace(part.name);
  find_parts();
  // What a macro makes that no header defines is the unit's own affair.
  for (NamedItem& item : items_)
    item.emits = item.emits || (item.calls && !is_defined(*item.calls));
  changed_.assign(changed.begin(), changed.end());
  for (const auto& [part, never_made] : changed_parts)
    for (const WordId name : names_made_of(part.name, never_made))
      changed_.push_back({part.file, name, part.twin});
  item_seen_.assign(items_.size(), 0);
  name_seen_.assign(words_.size(), 0);
}

bool NameSpread::reaches(const UnitView& unit) {
  // So far from the change that asking the compiler is as quick.
  constexpr std::size_t kFarEnough = 20000;
  ++turn_;
  std::deque<WordId> pending;
  for (const ChangedName& changed : changed_)
    if (unit.reads[changed.file] && !(changed.twin && unit.reads[*changed.twin]) &&
        (!unit.only_from || changed.file == *unit.only_from))
      pending.push_back(changed.name);
  std::size_t steps = 0;
  const auto enter = [&](ItemId id) {
    const NamedItem& item = items_[id];
    if (!unit.reads[item.file] || item_seen_[id] == turn_)
      return false;
    item_seen_[id] = turn_;
    pending.insert(pending.end(), item.defines.begin(), item.defines.end());
    for (const WordId part : item.defines_made_of)
      std::ranges::copy(names_made_of(part, item.never_made),
                        std::back_inserter(pending));
    return item.emits || item.is_unclear || unit.is_code[item.file] ||
           ++steps > kFarEnough;
  };
  while (!pending.empty()) {
    const WordId name = pending.front();
    pending.pop_front();
    if (name_seen_[name] == turn_)
      continue;
    name_seen_[name] = turn_;
    for (const Link& link : links(name))
      if (enter(link.item))
        return true;
    for (const ItemId id : pasted_in(name))
      if (enter(id))
        return true;
  }
  return false;
}

} // namespace kpatch::patch
