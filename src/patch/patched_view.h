// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

/// A source tree that looks like the pristine one and can be changed without touching it.
class PatchedView {
 public:
  /// Makes the view at `root`, which must not exist.
  PatchedView(const std::filesystem::path& pristine, std::filesystem::path root);

  const std::filesystem::path& root() const { return root_; }
  const std::filesystem::path& pristine() const { return pristine_; }

  /// Whether there is an ordinary file of that path in the view.
  bool has_file(std::string_view path) const;

  /// The file of the view, now a copy of its own. The directories on the way are made if
  /// there are none; if there is no file, none is made. Throws Error for paths that lead
  /// out of the tree, also by way of a symbolic link in it.
  std::filesystem::path own_file(std::string_view path);

  /// Makes a file of the pristine tree what it is there.
  void restore_file(std::string_view path);

  /// The files that are there and not pristine, or pristine and not there; sorted.
  std::vector<std::string> changed_files() const;

  /// Makes the directory, and those on the way to it, real ones instead of links, so that
  /// `#include "../x.h"` from a file in it stays inside the view.
  void own_directory(std::string_view path);

 private:
  void populate(const std::filesystem::path& directory);
  void collect_changes(const std::filesystem::path& directory,
                       std::vector<std::string>& changed) const;

  std::filesystem::path pristine_;
  std::filesystem::path root_;
};

} // namespace kpatch::patch
