// SPDX-License-Identifier: GPL-2.0-or-later
//
// Small work on text that is the same everywhere. Nothing here depends on the locale.
#pragma once

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether it has no other characters than letters, digits and these.
constexpr bool is_plain(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) {
    return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos;
  });
}

/// Also true of an empty text.
constexpr bool has_only_digits(std::string_view text) {
  return std::ranges::all_of(text, is_digit);
}

/// Without the digits that it ends with.
constexpr std::string_view without_last_digits(std::string_view text) {
  while (!text.empty() && is_digit(text.back()))
    text.remove_suffix(1);
  return text;
}

/// Without blanks and line ends around it.
constexpr std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

/// Takes the part before the separator off the text, and the separator with it. Without
/// one, all of it.
constexpr std::string_view take_until(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

/// Takes the first line off the text; it comes without its end.
constexpr std::string_view take_line(std::string_view& text) {
  return take_until(text, '\n');
}

/// All lines, empty ones included; what follows the last line's end is none.
inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty())
    lines.push_back(take_line(text));
  return lines;
}

/// They would name a text that is gone.
template <std::same_as<std::string> Text>
std::vector<std::string_view> lines_of(Text&& text) = delete;

constexpr std::string_view first_line(std::string_view text) {
  return take_line(text);
}

/// The parts between separators that are not empty.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty())
    if (const std::string_view part = take_until(text, separator); !part.empty())
      parts.push_back(part);
  return parts;
}

} // namespace kpatch
