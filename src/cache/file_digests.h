// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace kpatch::cache {

/// Digests of what files contain. One that was read once in a run is not read again. May
/// be called from several threads.
class FileDigests {
 public:
  /// Empty if there is no such file.
  std::string of(const std::filesystem::path& file);

  /// Of all programs that are a compiler; empty if there is no such command. What was
  /// found is kept in the directory `memory` for later runs.
  std::string of_compiler(const std::string& command,
                          const std::filesystem::path& memory);

 private:
  std::mutex mutex_;
  std::map<std::filesystem::path, std::string> files_;
  std::map<std::string, std::string> compilers_;
};

} // namespace kpatch::cache
