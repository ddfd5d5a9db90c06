// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch {

using Bytes = std::vector<std::uint8_t>;

/// Whole files. All throw Error naming the path.
Bytes read_bytes(const std::filesystem::path& path);
std::string read_text(const std::filesystem::path& path);

/// The content, or nothing if the file does not exist. Other failures throw.
std::optional<std::string> read_text_if_exists(const std::filesystem::path& path);

/// Writes beside the target and renames over it: a reader sees the old file or the whole
/// new one.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> data,
                unsigned mode = 0644);
void write_file(const std::filesystem::path& path, std::string_view text,
                unsigned mode = 0644);

/// Whether the file was last written to longer ago than that; false if it is not there.
bool is_older_than(const std::filesystem::path& path, std::chrono::seconds age);

/// The working directory. Throws Error when it has been removed.
std::filesystem::path working_directory();

/// A directory that disappears with its owner. `keep()` leaves it behind.
class TempDir {
 public:
  /// Makes `parent/prefixXXXXXX`; an empty parent means $TMPDIR or /tmp.
  explicit TempDir(const std::string& prefix, const std::filesystem::path& parent = {});
  ~TempDir();
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::filesystem::path path_;
};

/// An advisory lock on a file, held until destruction. Waits for other holders, in this
/// process or another one; the kernel drops it when the process dies.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;

 private:
  int descriptor_ = -1;
};

/// Joins `relative` to `root`, refusing anything that could leave it: absolute paths,
/// `..`, NUL.
std::filesystem::path path_inside(const std::filesystem::path& root,
                                  std::string_view relative);

} // namespace kpatch
