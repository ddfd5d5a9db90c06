// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"

#include <filesystem>
#include <optional>

namespace kpatch::compile {

/// The private directory of one run. It disappears with its owner; what killed runs have
/// left beside it disappears when the next one is made. Runs under way are not disturbed.
class WorkDir {
 public:
  /// Makes a directory below `parent`, which is made if need be.
  explicit WorkDir(const std::filesystem::path& parent);
  ~WorkDir();
  WorkDir(const WorkDir&) = delete;
  WorkDir& operator=(const WorkDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Leaves the directory behind for debugging; no later run removes it.
  void keep();

 private:
  std::filesystem::path path_;
  std::optional<TempDir> directory_;
  int lock_ = -1;
};

} // namespace kpatch::compile
