// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"

namespace kpatch::diff {

/// What changed in a section of data, and what can be done about it.
struct DataChange {
  std::string what; ///< follows a colon; empty if nothing can be said
  std::string remedy;
};

DataChange describe_changed_data(const Context& context, SectionId id);

} // namespace kpatch::diff
