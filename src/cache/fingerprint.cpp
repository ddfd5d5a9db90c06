// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whether a pristine tree is still what was unpacked: a digest over its files.
#include "cache/fingerprint.h"

#include "base/files.h"
#include "base/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace kpatch::cache {
namespace fs = std::filesystem;

namespace {

std::string description(const fs::directory_entry& entry, FingerprintDepth depth) {
  if (entry.is_symlink())
    return "-> " + fs::read_symlink(entry.path()).string();
  if (!entry.is_regular_file())
    return entry.is_directory() ? "directory" : "special";
  const bool with_content = depth == FingerprintDepth::kContent;
  return fmt::format("{} {} {}", entry.file_size(),
                     entry.last_write_time().time_since_epoch().count(),
                     with_content ? sha256(read_text(entry.path())) : "");
}

} // namespace

std::string tree_fingerprint(const fs::path& tree, FingerprintDepth depth) {
  std::vector<std::string> lines;
  const std::size_t root = tree.native().size() + 1;
  for (const auto& entry : fs::recursive_directory_iterator(tree))
    lines.push_back(fmt::format("{}\n{}\n", entry.path().native().substr(root),
                                description(entry, depth)));
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines)
    all += line;
  return sha256(all);
}

} // namespace kpatch::cache
