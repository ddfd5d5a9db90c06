// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch may move a part of a header to a new file, which the header includes from then
// on. What stands there is what the header had: without it everything in that part would
// seem to be gone. The index of includes does not know such files, so an #include is
// looked up among the files of the patch; one that may mean several of them means none.
#include "patch/brought_files.h"

#include <algorithm>
#include <filesystem>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

/// The file of the patch that an include can only mean.
const HeaderChange* new_file(const IncludeIndex& index,
                             std::span<const HeaderChange> changes,
                             const HeaderChange& reader, const std::string& include) {
  if (!is_file_name(include))
    return nullptr;
  const std::string name = include.substr(1, include.size() - 2);
  const std::string beside =
      (fs::path(reader.path).parent_path() / name).lexically_normal();
  const auto may_be = [&](const HeaderChange& change) {
    return include[0] == '"' ? change.path == beside
                             : ("/" + change.path).ends_with("/include/" + name);
  };
  const HeaderChange* found = nullptr;
  for (const HeaderChange& change : changes)
    if (index.find(change.path) || !may_be(change))
      continue;
    else if (found)
      return nullptr;
    else
      found = &change;
  return found;
}

} // namespace

bool is_file_name(const std::string& name) {
  return name.size() >= 3 && (name[0] == '"' || name[0] == '<');
}

Brought brought_into(const IncludeIndex& index, std::span<const HeaderChange> changes,
                     const HeaderChange& header) {
  Brought found;
  for (std::vector<const HeaderChange*> open{&header}; !open.empty();) {
    const HeaderChange& reader = *open.back();
    open.pop_back();
    for (const Inclusion& line : inclusions(reader.patched)) {
      const HeaderChange* const file =
          line.condition.empty() ? new_file(index, changes, reader, line.name) : nullptr;
      if (!file) {
        found.other_includes.push_back(line);
      } else if (std::ranges::find(found.files, file) == found.files.end()) {
        found.files.push_back(file);
        open.push_back(file);
      }
    }
  }
  return found;
}

std::set<std::string> files_brought(const IncludeIndex& index,
                                    std::span<const HeaderChange> changes) {
  std::set<std::string> found;
  for (const HeaderChange& change : changes)
    if (index.find(change.path))
      for (const HeaderChange* file : brought_into(index, changes, change).files)
        found.insert(file->path);
  return found;
}

} // namespace kpatch::patch
