// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/source_items.h"

#include <map>
#include <string_view>
#include <vector>

namespace kpatch::patch {

/// Names that a header gives a meaning, from one item to the next, which no call of a
/// macro can give them as well: macros that leave nothing of their names, and constants.
/// Holds views of the items that it has read, and where they are.
class GivenNames {
 public:
  void read(const SourceItem& item);

  /// Whatever the call declares, it is none of these: they are something else wherever
  /// the header has the call.
  std::vector<std::string_view> never_made_by(const SourceItem& call) const;

 private:
  std::map<std::string_view, std::vector<const SourceItem*>> items_;
};

} // namespace kpatch::patch
