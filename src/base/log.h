// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace kpatch {

/// What is said besides results: steps, what programs print, both. The one global of the
/// program.
enum class LogLevel { kNormal, kDebug, kOutput, kDebugOutput };
void set_log_level(LogLevel level);
LogLevel log_level();

/// Writes one line to standard error.
void debug_line(std::string_view line);

/// Writes to standard output what a program that was run has printed, if the level is
/// kOutput or kDebugOutput.
void debug_output(std::string_view text);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_level() == LogLevel::kDebug || log_level() == LogLevel::kDebugOutput)
    debug_line(fmt::format(format, std::forward<Args>(args)...));
}

/// Writes "WARNING: " and the line to standard error.
void warning_line(std::string_view line);

template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  warning_line(fmt::format(format, std::forward<Args>(args)...));
}

} // namespace kpatch
