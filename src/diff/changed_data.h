// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"
#include "diff/portraits.h"

namespace kpatch::diff {

/// What changed in a section of data, and what can be done about it.
struct DataChange {
  std::string what; ///< follows a colon; empty if nothing can be said
  std::string remedy;
};

DataChange describe_changed_data(const Context& context, SectionId id);

/// Whether the named things are all that a section has, but for padding.
bool is_all_named(const Side& side, SectionId id,
                  const std::map<std::string_view, Portrait>& things);

} // namespace kpatch::diff
