// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/process.h"

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

namespace kpatch::compile {

/// What the programs that a build runs have said. Kept in memory until it is wanted, so
/// that two builds at once never write to one file. May be used from several threads.
class BuildLog {
 public:
  void add(std::string_view text);
  void add(const Command& command, const Outcome& outcome);

  /// Runs the program and takes note of what it said.
  Outcome run(const Command& command);

  /// Whether a program has run: else it has no more than what was shown.
  bool has_programs() const;

  /// Puts the log at `file` with one rename.
  void save(const std::filesystem::path& file) const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
  bool has_programs_ = false;
};

/// Removes a log that was last written before `start`: it would be taken for this run's.
void remove_older_log(const std::filesystem::path& file,
                      std::filesystem::file_time_type start);

} // namespace kpatch::compile
