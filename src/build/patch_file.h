// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::build {

/// One "@@ -old_start,old_count +new_start,new_count @@" block.
struct Hunk {
  std::uint64_t old_start = 0;
  std::uint64_t old_count = 0;
  std::uint64_t new_start = 0;
  std::uint64_t new_count = 0;
  std::size_t line = 0; ///< of its "@@" in the patch file
  /// " context", "-removed", "+added" and "\ No newline at end of file".
  std::vector<std::string> lines;
};

/// What a patch does to one file. Paths are relative to the top of the source tree; they
/// never lead out of it.
struct FileChange {
  std::string old_path;    ///< empty: the file is made ("/dev/null" in the patch)
  std::string new_path;    ///< empty: the file is removed
  std::vector<Hunk> hunks; ///< none: an empty file is made or removed
  std::size_t line = 0;    ///< where it begins in the patch file

  bool is_new() const { return old_path.empty(); }
  bool is_removed() const { return new_path.empty(); }
};

struct PatchFile {
  std::string name; ///< as the user gave it
  std::vector<FileChange> changes;
};

/// Reads a unified diff as diff -u, git diff and git format-patch write it, with one path
/// component stripped (-p1). Throws Error naming `name` and the line for anything
/// malformed, any path outside the tree, and what a source patch of a kernel cannot
/// mean here: renames, copies, binary and context diffs.
PatchFile parse_patch(std::string_view text, std::string name);

} // namespace kpatch::build
