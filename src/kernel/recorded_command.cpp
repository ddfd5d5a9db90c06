// SPDX-License-Identifier: GPL-2.0-or-later
//
// kbuild takes half a second to find out that it has to run one compiler command, and it
// writes that command down:
//
//   cmd_fs/proc/meminfo.o := gcc-12 ... -DKBUILD_MODNAME='"proc"' ... -c -o
//   fs/proc/meminfo.o
//       /src/fs/proc/meminfo.c   ; ./tools/objtool/objtool --orc ... fs/proc/meminfo.o
//   source_fs/proc/meminfo.o := /src/fs/proc/meminfo.c
//
// (one line each; "savedcmd_" since 6.3). Reading it back makes further builds of the
// unit possible without kbuild. The text went through make once, which is why `$$` stands
// for `$` and `$(pound)` for `#`, and was then meant for a shell. No shell is used here:
// the words are split by its rules, and whatever is more than words is refused.
#include "kernel/recorded_command.h"

#include "base/error.h"
#include "base/text.h"

#include <algorithm>
#include <optional>

namespace kpatch::kernel {

namespace {

/// The value of the first line "<prefix>... := value".
std::optional<std::string_view> find_assignment(std::string_view text,
                                                std::string_view prefix) {
  constexpr std::string_view kAssign = " := ";
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t assign = line.find(kAssign);
    if (line.starts_with(prefix) && assign != std::string_view::npos)
      return line.substr(assign + kAssign.size());
  }
  return std::nullopt;
}

std::string without_make_escapes(std::string_view text) {
  constexpr std::string_view kPound = "$(pound)";
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with(kPound)) {
      result += '#';
      at += kPound.size();
    } else {
      at += text.substr(at).starts_with("$$") ? 1 : 0;
      result += text[at++];
    }
  }
  return result;
}

/// Splits text into words and commands the way a POSIX shell does.
class ShellSplitter {
 public:
  ShellSplitter(std::string_view text, std::string_view label)
      : text_(text), label_(label) {}

  std::vector<std::vector<std::string>> split() {
    for (; at_ < text_.size(); ++at_)
      take(text_[at_]);
    end_command();
    return std::move(commands_);
  }

 private:
  void take(char c) {
    switch (c) {
    case ' ':
    case '\t': end_word(); break;
    case ';': end_command(); break;
    case '\'': take_single_quoted(); break;
    case '"': take_double_quoted(); break;
    case '\\': word().push_back(next()); break;
    case '#':
      if (word_)
        word().push_back(c);
      else
        refuse(c);
      break;
    case '$':
    case '`':
    case '|':
    case '&':
    case '<':
    case '>':
    case '(':
    case ')': refuse(c);
    default: word().push_back(c);
    }
  }

  void take_single_quoted() {
    const std::size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos)
      unfinished();
    word() += text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
  }

  void take_double_quoted() {
    word();
    while (true) {
      const char c = next();
      if (c == '"')
        return;
      if (c == '$' || c == '`')
        refuse(c);
      if (c != '\\') {
        word().push_back(c);
        continue;
      }
      const char escaped = next();
      if (std::string_view("$`\"\\").find(escaped) == std::string_view::npos)
        word().push_back('\\');
      word().push_back(escaped);
    }
  }

  char next() {
    if (++at_ >= text_.size())
      unfinished();
    return text_[at_];
  }
  [[noreturn]] void unfinished() const {
    fail("{}: the recorded command ends inside a quotation", label_);
  }
  [[noreturn]] void refuse(char c) const {
    fail("{}: the recorded command needs a shell (there is a '{}' at {})", label_, c,
         at_);
  }

  /// The word being read; there is one from now on, even if it stays empty.
  std::string& word() {
    if (!word_)
      word_.emplace();
    return *word_;
  }
  void end_word() {
    if (word_)
      command_.push_back(std::move(*word_));
    word_.reset();
  }
  void end_command() {
    end_word();
    if (!command_.empty())
      commands_.push_back(std::move(command_));
    command_.clear();
  }

  std::string_view text_;
  std::string_view label_;
  std::size_t at_ = 0;
  std::optional<std::string> word_;
  std::vector<std::string> command_;
  std::vector<std::vector<std::string>> commands_;
};

} // namespace

std::optional<std::string> recorded_text(std::string_view cmd_file) {
  std::optional<std::string_view> command = find_assignment(cmd_file, "savedcmd_");
  if (!command)
    command = find_assignment(cmd_file, "cmd_");
  if (!command || command->find_first_not_of(' ') == std::string_view::npos)
    return std::nullopt;
  return without_make_escapes(*command);
}

RecordedCommand parse_recorded_command(std::string_view cmd_file,
                                       std::string_view label) {
  const std::optional<std::string> command = recorded_text(cmd_file);
  const std::optional<std::string_view> source = find_assignment(cmd_file, "source_");
  if (!command || !source)
    fail("{}: kbuild has recorded no command there", label);
  RecordedCommand result;
  result.programs = ShellSplitter(*command, label).split();
  result.source = without_make_escapes(*source);
  while (result.source.ends_with(' '))
    result.source.pop_back();
  if (result.programs.empty())
    fail("{}: kbuild has recorded an empty command", label);
  return result;
}

} // namespace kpatch::kernel
