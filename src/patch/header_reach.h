// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/include_index.h"

#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace kpatch::patch {

/// A file that units include, before and after the patch; empty if not there. The
/// include index does not list files that the patch adds.
struct HeaderChange {
  std::string path;
  std::string original;
  std::string patched;
};

/// Where the files of an index are.
struct SourceTrees {
  std::filesystem::path source;
  std::filesystem::path objects;
  unsigned jobs = 1; ///< how many files to read at a time
};

/// The files among `units` whose code may depend on a change, sorted: those that read a
/// changed header and mention a name that has another meaning now, or a name whose
/// meaning depends on such a name.
std::vector<std::string> units_using(const IncludeIndex& index, const SourceTrees& trees,
                                     std::span<const HeaderChange> changes,
                                     std::span<const std::string> units);

/// For each of the units: the changed headers on whose change its code may depend.
/// Nothing is read more than once.
std::map<std::string, std::vector<std::string>>
headers_by_unit(const IncludeIndex& index, const SourceTrees& trees,
                std::span<const HeaderChange> changes,
                std::span<const std::string> units);

} // namespace kpatch::patch
