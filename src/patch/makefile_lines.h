// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

struct Assignment {
  std::string name;
  std::string value;
};

/// A makefile's lines as make sees them: continued ones joined, comments and blanks gone.
/// Those of recipes begin with a blank.
std::vector<std::string> logical_lines(std::string_view text);

/// Words, of which those with parentheses may have blanks in these.
std::vector<std::string> words_of(std::string_view text);

/// "NAME := VALUE" and its like; the name is one word without a colon in it.
std::optional<Assignment> parse_assignment(const std::string& line);

} // namespace kpatch::patch
