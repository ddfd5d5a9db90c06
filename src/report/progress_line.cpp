// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/progress_line.h"

#include "base/output.h"

#include <unistd.h>

namespace kpatch::report {

namespace {

constexpr std::chrono::seconds kPause{5};
/// Back to the line's begin, and erase to its end (ECMA-48).
constexpr std::string_view kBeginAgain = "\r\033[K";

} // namespace

ProgressLine::ProgressLine() : is_terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(std::string_view line) {
  if (is_terminal_) {
    if (is_open_ || !line.empty())
      write_as_is(Stream::kErrors, std::string(kBeginAgain) + harmless(line));
    is_open_ = !line.empty();
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (line.empty() || now - last_ < kPause)
    return;
  last_ = now;
  print(Stream::kErrors, "{}\n", line);
}

} // namespace kpatch::report
