// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace kpatch {

enum class Stream : int { kOutput = 1, kErrors = 2 };

/// The text with what a terminal would obey (escape sequences, carriage returns, ...) as
/// `\x1b`; line ends and tabs stay. Names of tasks, modules and patches are anybody's.
std::string harmless(std::string_view text);

/// Writes the text, made harmless. The only way to the user: a reader that has gone, a
/// full disk or a closed descriptor never decides over what is being done.
void write_out(Stream stream, std::string_view text) noexcept;
/// The same for text that is harmless but for our own colours and movements.
void write_as_is(Stream stream, std::string_view text) noexcept;

/// For what was run for its output alone: throws Error if some of it did not arrive. A
/// reader that went away had enough, which is not an error.
void require_output();

template <typename... Args>
void print(Stream stream, fmt::format_string<Args...> format, Args&&... args) {
  write_out(stream, fmt::format(format, std::forward<Args>(args)...));
}

/// For the begin of a program: a write to a reader that has gone is an error, not the
/// end, and no file that is opened later can become standard output by its number.
void settle_streams();

} // namespace kpatch
