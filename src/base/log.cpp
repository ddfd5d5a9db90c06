// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include "base/output.h"

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
  print(Stream::kErrors, "DEBUG: {}\n", line);
}

void debug_output(std::string_view text) {
  const bool is_wanted =
      current_level == LogLevel::kOutput || current_level == LogLevel::kDebugOutput;
  if (!is_wanted || text.empty())
    return;
  write_out(Stream::kOutput, text);
  if (!text.ends_with('\n'))
    write_out(Stream::kOutput, "\n");
}

void warning_line(std::string_view line) {
  print(Stream::kErrors, "WARNING: {}\n", line);
}

} // namespace kpatch
