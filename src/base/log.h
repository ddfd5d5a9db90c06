// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace kpatch {

/// How much is said besides results. The one global of the program.
enum class LogLevel { kNormal, kDebug };
void set_log_level(LogLevel level);
LogLevel log_level();

/// Writes one line to standard error if the level is kDebug.
void debug_line(std::string_view line);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_level() == LogLevel::kDebug)
    debug_line(fmt::format(format, std::forward<Args>(args)...));
}

/// Writes "WARNING: " and the line to standard error.
void warning_line(std::string_view line);

template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  warning_line(fmt::format(format, std::forward<Args>(args)...));
}

} // namespace kpatch
