// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is fetched and unpacked takes minutes, in programs that say nothing until they
// end. What they have written so far is seen from outside.
#pragma once

#include "base/process.h"

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace kpatch::distro {

/// Where a line is shown that takes the place of the one before; an empty one ends it.
/// Null: nobody looks.
using Live = std::function<void(std::string_view line)>;

/// Shows a line several times a second while the thread that made it waits for something,
/// and ends it.
class LiveLine {
 public:
  /// `text` is asked in a thread of its own, with the seconds since the start.
  LiveLine(const Live& live, std::function<std::string(double seconds)> text);
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

 private:
  void show();

  const Live& live_;
  std::function<std::string(double)> text_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool has_ended_ = false;
  std::thread thread_;
};

/// Runs the program and shows what `text` says of it meanwhile, if it says something.
Outcome run_watched(const Command& command, const Live& live,
                    const std::function<std::string(double seconds)>& text);

/// "linux-image-1: 12.3 of 26.7 MB, 3.4 MB/s"; `total` 0: not known.
std::string download_text(std::string_view what, std::uintmax_t done,
                          std::uintmax_t total, double seconds);
/// What to say, as download_text(), of a program that writes into a directory: from its
/// first byte on, since it may read long lists before.
std::function<std::string(double seconds)> watch_download(std::string what,
                                                          std::filesystem::path directory,
                                                          std::uintmax_t total = 0);
/// "unpacking linux-image-1: 45 %"; `total` 0: not known, "unpacking linux-image-1: 12
/// s".
std::string unpacking_text(std::string_view what, std::uintmax_t done,
                           std::uintmax_t total, double seconds);

/// Of all files directly in a directory.
std::uintmax_t bytes_in(const std::filesystem::path& directory);

} // namespace kpatch::distro
