// SPDX-License-Identifier: GPL-2.0-or-later
//
// The options of a program as one table: parsing and --help read its rows, and a test
// holds the pages in docs/ against --help.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch {

/// One row. `set` is called with the argument, which is empty if there is none.
template <typename Call>
struct Option {
  const char* name;     ///< without the dashes; users may abbreviate it
  char letter;          ///< 0: none
  const char* argument; ///< what --help calls it; nullptr: the option takes none
  const char* help;     ///< kSame: another name of the row before; nullptr: not shown
  void (*set)(Call&, const std::string& value);
  bool is_beside_the_result = false; ///< what the program makes is the same without it
};

inline constexpr const char* kSame = "";

/// What a row says, without what it does.
struct OptionForm {
  const char* name;
  char letter;
  const char* argument;
  const char* help;
};

/// Throws Error that says what is wrong with the call, and where to read on.
[[noreturn]] void fail_wrong_call(std::string_view command, std::string_view what);

template <typename Call, std::size_t count>
std::vector<OptionForm> forms_of(const Option<Call> (&table)[count]) {
  std::vector<OptionForm> forms;
  for (const Option<Call>& row : table)
    forms.push_back({row.name, row.letter, row.argument, row.help});
  return forms;
}

/// What is wrong with a call that has the word for an option.
std::string complaint_about(std::string_view word);

/// Reads words as getopt_long(3) does: options may be abbreviated and stand anywhere
/// before "--". The first word is the name of the program. `take` gets the number of the
/// row, or nothing and the word for an option that is wrong, and returns false to stop
/// there. Returns the words that are not options.
std::vector<std::string> parse_options(
    std::vector<std::string> words, std::span<const OptionForm> forms,
    const std::function<bool(std::optional<std::size_t> row, const std::string& value)>&
        take);

/// Reads the call of a command of kpatch: the words after its name. Returns those that
/// are not options. Throws Error for a wrong call.
template <typename Call, std::size_t count>
std::vector<std::string> parse_command(std::string_view command,
                                       const Option<Call> (&table)[count],
                                       std::vector<std::string> words, Call& call) {
  words.insert(words.begin(), "kpatch"); // which getopt does not look at
  const auto take = [&](std::optional<std::size_t> row, const std::string& value) {
    if (!row)
      fail_wrong_call(command, complaint_about(value));
    table[*row].set(call, value);
    return true;
  };
  return parse_options(std::move(words), forms_of(table), take);
}

/// Lines of --help: "  -k, --kernel RELEASE     text", wrapped.
std::string options_help(std::span<const OptionForm> forms);

/// One entry of such a list, wrapped to the width of a terminal.
std::string help_entry(std::string_view what, std::string_view text);

/// The number if the text is one and nothing else.
std::optional<unsigned> whole_number(std::string_view text);

} // namespace kpatch
