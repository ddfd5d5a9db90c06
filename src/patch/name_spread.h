// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/include_index.h"
#include "patch/pasted_names.h"
#include "patch/source_items.h"
#include "patch/vocabulary.h"

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace kpatch::patch {

/// A SourceItem whose names are numbers.
struct NamedItem {
  IncludeIndex::FileId file = 0;
  std::vector<WordId> defines;
  std::vector<WordId> defines_made_of;
  std::vector<WordId> never_made; ///< names that are of such words, but others'; sorted
  std::vector<WordId> mentions;   ///< sorted
  std::vector<WordId> given;      ///< those in parentheses; sorted
  std::vector<WordId> pasters;    ///< those that are macros which paste
  std::optional<WordId> calls;
  bool hands_on_arguments = false; ///< is a macro with arguments
  bool emits = false;
  bool is_unclear = false;

  NamedItem() = default;
  NamedItem(IncludeIndex::FileId in, const SourceItem& item, Vocabulary& words);
};

/// A name that means something else in a file.
struct ChangedName {
  IncludeIndex::FileId file = 0;
  WordId name = 0;
  /// Who reads this file as well has the old meaning there: the definition has moved.
  std::optional<IncludeIndex::FileId> twin = std::nullopt;
};

/// Names that are made of this one mean something else in a file, some aside.
struct ChangedPart {
  ChangedName part;
  std::vector<WordId> never_made; ///< sorted
};

/// Finds out how far another meaning of some names spreads: to the items that mention
/// them, to the names that those define, and so on.
class NameSpread {
 public:
  explicit NameSpread(Vocabulary& words) : words_(words), pasted_(words) {}

  /// The names that macros of the item paste count as well.
  void add_item(NamedItem item, std::span<const PastedName> pastes);
  /// Whether an item gives the name a meaning.
  bool is_defined(WordId name) const {
    return name < is_defined_.size() && is_defined_[name];
  }

  /// Call once, after the last item. `changed_parts` are parts of changed names.
  void start_from(std::span<const ChangedName> changed,
                  std::span<const ChangedPart> changed_parts);

  struct UnitView {
    const std::vector<bool>& reads;   ///< by file
    const std::vector<bool>& is_code; ///< by file: every item in it makes code
    /// What changed in this file alone counts.
    std::optional<IncludeIndex::FileId> only_from = std::nullopt;
  };
  /// Whether code of the unit depends on one of the names that changed in what it reads.
  bool reaches(const UnitView& unit);

 private:
  using ItemId = std::uint32_t;
  struct Link {
    WordId word;
    ItemId item;
    auto operator<=>(const Link&) const = default;
  };

  void link();
  void find_pasters();
  void find_parts();
  std::span<const WordId> names_made_of(WordId part) const;
  std::vector<WordId> names_made_of(WordId part,
                                    std::span<const WordId> never_made) const;
  const std::vector<ItemId>& pasted_in(WordId name);
  std::span<const Link> links(WordId word) const;

  Vocabulary& words_;
  PastedNames pasted_;
  std::vector<NamedItem> items_;
  std::vector<Link> links_; ///< from a word to the items that mention it, sorted
  std::vector<bool> is_defined_;
  std::vector<ChangedName> changed_;
  std::unordered_map<WordId, std::vector<WordId>> made_of_;   ///< by part
  std::unordered_map<WordId, std::vector<ItemId>> pasted_in_; ///< by name, as needed
  unsigned turn_ = 0;
  std::vector<unsigned> item_seen_; ///< in which turn
  std::vector<unsigned> name_seen_;
};

} // namespace kpatch::patch
