// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makefiles as text, without make: for what may be asked of a makefile that nobody has
// judged yet, and for questions that make does not answer, such as which option would
// have to be on for a file to be compiled.
#include "patch/makefile_lines.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace kpatch::patch {

std::vector<std::string> logical_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::string line;
  bool goes_on = false;
  while (!text.empty()) {
    std::string_view piece = take_line(text);
    goes_on = piece.ends_with('\\');
    if (goes_on)
      piece.remove_suffix(1);
    line += piece.substr(0, piece.find('#'));
    line += ' ';
    if (goes_on && !text.empty())
      continue;
    std::string tidy;
    for (const char c : line)
      if (const char blank = c == '\t' ? ' ' : c; blank != ' ' || !tidy.ends_with(' '))
        tidy += blank;
    const std::size_t first = tidy.find_first_not_of(' ');
    if (first != std::string::npos)
      lines.push_back(tidy.substr(line.starts_with('\t') ? 0 : first));
    line.clear();
  }
  return lines;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  for (const char c : text) {
    depth += (c == '(' || c == '{') - (c == ')' || c == '}');
    if (c != ' ' || depth > 0)
      word += c;
    else if (!word.empty())
      words.push_back(std::exchange(word, {}));
  }
  if (!word.empty())
    words.push_back(word);
  return words;
}

std::optional<Assignment> parse_assignment(const std::string& line) {
  std::size_t at = line.find('=');
  if (at == std::string::npos || line.starts_with(' '))
    return std::nullopt;
  std::size_t end = at;
  while (end > 0 &&
         (line[end - 1] == ':' || line[end - 1] == '+' || line[end - 1] == '?'))
    --end;
  const std::vector<std::string> name = words_of(line.substr(0, end));
  if (name.size() != 1 || name[0].find(':') != std::string::npos)
    return std::nullopt;
  return Assignment{name[0], line.substr(at + 1)};
}

} // namespace kpatch::patch
