// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/include_index.h"
#include "patch/source_items.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kpatch::patch {

/// Finds out whether some word that a macro call hands on (SourceItem::handed_on) is a
/// macro, so that the call declares something else than it seems to.
class HandedOnWords {
 public:
  using FileId = IncludeIndex::FileId;

  /// What the calls of a header hand on. Add this of all headers first.
  void add_words(FileId header, std::span<const SourceItem> items);
  /// Macros without arguments that a file defines.
  void add_macros(FileId file, std::span<const std::string_view> names);

  /// Whether that is so in a unit that reads these files, for what `only` hands on.
  bool are_macros(const std::vector<bool>& reads,
                  std::optional<FileId> only = std::nullopt) const;

 private:
  std::map<std::string, std::set<FileId>, std::less<>> headers_; ///< by word
  std::vector<std::pair<std::string, FileId>> macros_;
};

} // namespace kpatch::patch
