// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

/// One "@@ -old_start,old_count +new_start,new_count @@" block.
struct Hunk {
  std::uint64_t old_start = 0;
  std::uint64_t old_count = 0;
  std::uint64_t new_start = 0;
  std::uint64_t new_count = 0;
  std::size_t line = 0; ///< of its "@@" in the patch file
  std::string heading;  ///< what stands behind its second "@@": the function, mostly
  /// " context", "-removed", "+added" and "\ No newline at end of file".
  std::vector<std::string> lines;
};

/// What git says a change is, if it is more than one of lines.
enum class ChangeKind { kLines, kRename, kCopy, kBinary, kLink, kSubmodule, kMode };

/// What a patch does to one file. Paths are relative to the top of the source tree; they
/// never lead out of it, and have neither empty components nor "." in them.
struct FileChange {
  std::string old_path;    ///< empty: the file is made ("/dev/null" in the patch)
  std::string new_path;    ///< empty: the file is removed
  std::vector<Hunk> hunks; ///< none: an empty file is made or removed
  std::size_t line = 0;    ///< where it begins in the patch file
  ChangeKind kind = ChangeKind::kLines;
  std::string spelled{}; ///< the path as the patch has it, before anything is stripped
  bool has_git_prefixes = false; ///< "a/" and "b/": what is stripped is no directory

  bool is_new() const { return old_path.empty(); }
  bool is_removed() const { return new_path.empty(); }
};

struct PatchFile {
  std::string name; ///< as the user gave it
  std::vector<FileChange> changes;
  /// Lines where an indented diff begins that is taken for a part of the message.
  std::vector<std::size_t> quoted{};
  std::string subject{};            ///< of its mail; empty: it has none
  std::vector<std::string> fixes{}; ///< CVE ids that its text names, sorted
  std::vector<std::string> tags{};  ///< what its "Fixes:" lines say
};

/// What is wrong if the patch was made for another -p than 1, and what to do about it.
inline constexpr std::string_view kStripRemedy =
    "paths are taken relative to the top of the kernel tree after one component is "
    "stripped, as with patch -p1; make the patch so (git diff without --no-prefix, or "
    "diff -u of two trees side by side), or change the paths in it to a/PATH and b/PATH";

/// Reads a unified diff as diff -u, git diff and git format-patch write it, with one path
/// component stripped (-p1). Throws Error naming `name` and the line for anything
/// malformed, any path outside the tree or with characters that mean something to make
/// or a shell, and what patch(1) would take for a change but this does not.
PatchFile parse_patch(std::string_view text, std::string name);

} // namespace kpatch::patch
