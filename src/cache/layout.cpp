// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/layout.h"

#include "base/error.h"

#include <algorithm>
#include <cstdlib>

namespace kpatch::cache {
namespace fs = std::filesystem;

fs::path known_cache() {
  if (const char* chosen = std::getenv("CACHEDIR"); chosen && *chosen)
    return chosen;
  if (const char* home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".kpatch";
  return {};
}

fs::path default_cache() {
  if (fs::path cache = known_cache(); !cache.empty())
    return cache;
  fail_with_remedy(
      "set CACHEDIR to a directory that you may write to",
      "neither CACHEDIR nor HOME is set, so nothing says where to keep kernels");
}

std::vector<fs::path> folders_of_release(const fs::path& cache,
                                         std::string_view release) {
  std::vector<fs::path> folders;
  if (cache.empty())
    return folders;
  std::error_code none;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(cache / kKernels, none)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(release) && name.substr(release.size()).starts_with('_'))
      folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

} // namespace kpatch::cache
