// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/header_reach.h"
#include "patch/include_index.h"
#include "patch/source_items.h"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace kpatch::patch {

/// Whether what an #include names is a file, not a macro.
bool is_file_name(const std::string& name);

/// What the patch brings into a header by way of new files.
struct Brought {
  std::vector<const HeaderChange*> files; ///< each once
  std::vector<Inclusion> other_includes;  ///< of the header and of these files
};

Brought brought_into(const IncludeIndex& index, std::span<const HeaderChange> changes,
                     const HeaderChange& header);

/// The files that the patch brings and that changed headers include, whatever the
/// configuration: what units_using() has looked into with them.
std::set<std::string> files_brought(const IncludeIndex& index,
                                    std::span<const HeaderChange> changes);

} // namespace kpatch::patch
