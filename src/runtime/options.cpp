// SPDX-License-Identifier: GPL-2.0-or-later
//
// getopt_long lets scripts abbreviate long options and put them anywhere. It works on the
// words of main() and keeps its place in global variables; both stay in here.
#include "runtime/options.h"

#include <charconv>

namespace kpatch::runtime {

std::vector<std::string> take_options(std::vector<std::string> words,
                                      const OptionNames& names,
                                      const std::function<void(int)>& take) {
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  const int count = static_cast<int>(words.size());
  optind = 0; // begin anew
  for (int option; (option = getopt_long(count, argv.data(), names.letters, names.words,
                                         nullptr)) != -1;)
    take(option);
  return {argv.begin() + optind, argv.begin() + count};
}

std::optional<unsigned> whole_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

} // namespace kpatch::runtime
