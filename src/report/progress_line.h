// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace kpatch::report {

/// One line on standard error that is written over as things move on. Where that is no
/// terminal, a line at most every few seconds.
class ProgressLine {
 public:
  ProgressLine();

  /// An empty line ends it.
  void show(std::string_view line);
  /// Whether it is written over: only then lines that soon say something else are of use.
  bool is_live() const { return is_terminal_; }

 private:
  bool is_terminal_;
  bool is_open_ = false;
  std::chrono::steady_clock::time_point last_{};
};

} // namespace kpatch::report
