// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <cstdio>

namespace kpatch {

namespace {
LogLevel current_level = LogLevel::kNormal;
}

void set_log_level(LogLevel level) {
  current_level = level;
}

LogLevel log_level() {
  return current_level;
}

void debug_line(std::string_view line) {
  fmt::print(stderr, "DEBUG: {}\n", line);
}

void debug_output(std::string_view text) {
  const bool is_wanted =
      current_level == LogLevel::kOutput || current_level == LogLevel::kDebugOutput;
  if (!is_wanted || text.empty())
    return;
  fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
  std::fflush(stdout);
}

void warning_line(std::string_view line) {
  fmt::print(stderr, "WARNING: {}\n", line);
}

} // namespace kpatch
