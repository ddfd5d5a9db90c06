// SPDX-License-Identifier: GPL-2.0-or-later
//
// getopt_long keeps the spellings that scripts use: abbreviated long options, anywhere on
// the line. It works on the words of main() and keeps its place in global variables; both
// stay in here.
#include "base/option_table.h"

#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <getopt.h>

namespace kpatch {

namespace {

constexpr std::size_t kTextColumn = 29;
constexpr std::size_t kWidth = 80;

/// What getopt_long returns for long options without a letter begins here.
constexpr int kNoLetter = 256;

/// Rows with the same letter are one option to getopt, so that what abbreviates both of
/// their names is not ambiguous.
int code_of(std::span<const OptionForm> forms, std::size_t row) {
  return forms[row].letter ? forms[row].letter : kNoLetter + static_cast<int>(row);
}

std::size_t row_of(std::span<const OptionForm> forms, int code) {
  if (code >= kNoLetter)
    return static_cast<std::size_t>(code - kNoLetter);
  const auto found = std::ranges::find(forms, code, &OptionForm::letter);
  return static_cast<std::size_t>(found - forms.begin());
}

/// The two tables of getopt_long.
struct GetoptTables {
  std::string letters;
  std::vector<option> words;
};

GetoptTables getopt_tables(std::span<const OptionForm> forms) {
  GetoptTables tables;
  for (std::size_t row = 0; row < forms.size(); ++row) {
    const OptionForm& form = forms[row];
    const int argument = form.argument ? required_argument : no_argument;
    tables.words.push_back({form.name, argument, nullptr, code_of(forms, row)});
    if (form.letter && tables.letters.find(form.letter) == std::string::npos)
      tables.letters.append(1, form.letter).append(form.argument ? ":" : "");
  }
  tables.words.push_back({});
  return tables;
}

/// "-R, --non-replace, --no-replace" of a row and those with kSame after it.
std::string spellings(std::span<const OptionForm> forms, std::size_t row) {
  const char letter = forms[row].letter;
  std::string text = letter ? fmt::format("  -{}, ", letter) : std::string(6, ' ');
  text += fmt::format("--{}", forms[row].name);
  while (++row < forms.size() && forms[row].help && !*forms[row].help)
    text += fmt::format(", --{}", forms[row].name);
  return text;
}

} // namespace

void fail_wrong_call(std::string_view command, std::string_view what) {
  fail("{}: {}; see kpatch {} --help", command, what, command);
}

std::string complaint_about(std::string_view word) {
  return fmt::format("{}: no such option, or its argument is missing", word);
}

std::vector<std::string> parse_options(
    std::vector<std::string> words, std::span<const OptionForm> forms,
    const std::function<bool(std::optional<std::size_t> row, const std::string& value)>&
        take) {
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  const int count = static_cast<int>(words.size());
  const GetoptTables tables = getopt_tables(forms);
  opterr = 0;
  optind = 0; // starts from the first word again
  bool goes_on = true;
  while (goes_on) {
    const int code = getopt_long(count, argv.data(), tables.letters.c_str(),
                                 tables.words.data(), nullptr);
    if (code == -1)
      break;
    if (code == '?')
      goes_on = take(std::nullopt, optopt > 0 && optopt < kNoLetter
                                       ? fmt::format("-{}", static_cast<char>(optopt))
                                       : argv[static_cast<std::size_t>(optind) - 1]);
    else
      goes_on = take(row_of(forms, code), optarg ? optarg : "");
  }
  return {argv.begin() + optind, argv.begin() + count};
}

std::string help_entry(std::string_view what, std::string_view text) {
  std::string lines(what);
  std::size_t column = what.size();
  if (column + 2 > kTextColumn) {
    lines += '\n';
    column = 0;
  }
  lines.append(kTextColumn - column, ' ');
  column = kTextColumn;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column + 1 + word.size() > kWidth) {
      lines.append("\n").append(kTextColumn, ' ');
      column = kTextColumn;
    } else if (column > kTextColumn) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines + '\n';
}

std::string options_help(std::span<const OptionForm> forms) {
  std::string text;
  for (std::size_t row = 0; row < forms.size(); ++row) {
    const OptionForm& form = forms[row];
    if (!form.help || !*form.help)
      continue;
    std::string what = spellings(forms, row);
    if (form.argument)
      what.append(" ").append(form.argument);
    text += help_entry(what, form.help);
  }
  return text;
}

std::optional<unsigned> whole_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

} // namespace kpatch
