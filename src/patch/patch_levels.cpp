// SPDX-License-Identifier: GPL-2.0-or-later
//
// One component is stripped from the paths of a patch, as everybody does who sends
// patches for Linux. A patch made with git diff --no-prefix or in a directory further up
// names the same files otherwise. drivers/net/Makefile, read with -p1, is net/Makefile,
// which exists too; so a path that is there without any stripping is not a path to strip.
#include "patch/patch_levels.h"

#include "base/error.h"

#include <filesystem>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

bool has_directory(const PatchedView& view, const fs::path& path) {
  std::error_code ignored;
  return !path.empty() && fs::is_directory(view.root() / path, ignored);
}

/// Whether the change may be meant for a file of that path. A name alone would be found
/// in the top directory whatever was meant.
bool may_be(const FileChange& change, const fs::path& path, const PatchedView& view) {
  if (!path.has_parent_path() || path.is_absolute())
    return false;
  return change.is_new() ? has_directory(view, path.parent_path())
                         : view.has_file(path.native());
}

fs::path without_first(const fs::path& path) {
  fs::path rest;
  for (auto part = std::next(path.begin()); part != path.end(); ++part)
    rest /= *part;
  return rest;
}

} // namespace

std::string wrong_strip_level(const FileChange& change, const PatchedView& view) {
  const fs::path written = change.spelled;
  const fs::path spelled = written.lexically_normal();
  if (spelled.empty() || *written.begin() == "." || // stripped, it is the same file
      change.has_git_prefixes || *spelled.begin() == "..")
    return {};
  if (may_be(change, spelled, view))
    return fmt::format("{}: the patch names this file without a prefix, as for patch -p0",
                       spelled.native());
  const fs::path used = change.is_new() ? change.new_path : change.old_path;
  if (change.is_new() ? has_directory(view, *used.begin()) : view.has_file(used.native()))
    return {};
  fs::path rest = used;
  for (int level = 2; std::distance(rest.begin(), rest.end()) > 2; ++level) {
    rest = without_first(rest);
    if (may_be(change, rest, view))
      return fmt::format("{}: the patch names {}, as for patch -p{}", change.spelled,
                         rest.native(), level);
  }
  return {};
}

} // namespace kpatch::patch
