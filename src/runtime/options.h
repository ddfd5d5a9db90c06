// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <getopt.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::runtime {

/// As getopt_long(3) wants them.
struct OptionNames {
  const char* letters;
  const option* words;
};

/// Calls `take` with each option, whose argument is in `optarg` then, and returns what
/// is no option. The first word is the name of the program.
std::vector<std::string> take_options(std::vector<std::string> words,
                                      const OptionNames& names,
                                      const std::function<void(int)>& take);

/// The number that the text is and nothing else.
std::optional<unsigned> whole_number(std::string_view text);

} // namespace kpatch::runtime
