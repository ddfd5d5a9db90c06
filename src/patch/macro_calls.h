// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/source_items.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

/// The names of macros without arguments that the items define.
std::vector<std::string_view> plain_macros(std::span<const SourceItem> items);

/// What calls of macros that stand by themselves in a header declare, where the header
/// defines these macros itself: `PAGEFLAG(Error, error, PF_ANY)` of <linux/page-flags.h>.
class MacroCalls {
 public:
  /// `items` are those of one header; what they view must outlive this.
  explicit MacroCalls(std::span<const SourceItem> items);

  /// The items that the call stands for, with all definitions of its macro. Nothing if
  /// the header does not tell: the macro may be another one, takes any number of
  /// arguments, or makes more than anyone would write. Views are into `texts` too.
  std::optional<std::vector<SourceItem>> expand(const SourceItem& call,
                                                std::deque<std::string>& texts) const;

 private:
  struct Definition {
    std::vector<std::string_view> parameters;
    std::vector<std::string_view> body;
    const SourceItem* item;
  };

  bool expand(const SourceItem& call, unsigned depth, std::deque<std::string>& texts,
              std::vector<SourceItem>& found) const;

  std::map<std::string_view, std::vector<Definition>> macros_;
  std::set<std::string_view> plain_; ///< macros without arguments
};

/// Items of one header with what its own macros make in the place of their calls. Views
/// are into `texts` too.
std::vector<SourceItem> with_calls_expanded(std::span<const SourceItem> items,
                                            std::deque<std::string>& texts);

} // namespace kpatch::patch
