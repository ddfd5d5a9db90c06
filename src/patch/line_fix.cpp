// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch that adds three lines at the top of a file moves everything below by three, and
// each WARN() and might_sleep() there holds another number: functions without a change
// would differ. So the line after a change says which one it is:
//
//   @@ int a;          int a;
//   +int b;            int b;
//    int c;            #line 2
//                      int c;
//
// A directive may stand between any two lines but those of one macro call, directive,
// comment or literal. Every pair of parentheses may be a macro call, and so may a name at
// the end of a line with the parenthesis on the next. In a branch of a conditional that
// is not compiled the directive is not seen, so it is repeated where the branch ends.
#include "patch/line_fix.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "patch/c_lexer.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace kpatch::patch {

namespace {

/// From line `patched` on, the text is that of the original from line `original` on.
struct Resumption {
  std::size_t original = 0;
  std::size_t patched = 0;
};

/// Reads "12,14c13" of diff(1); `at` moves past it.
std::size_t number(std::string_view text, std::size_t& at) {
  std::size_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data() + at, text.data() + text.size(), value);
  if (error != std::errc())
    fail("diff: '{}' is not understood", text);
  at = static_cast<std::size_t>(end - text.data());
  return value;
}

Resumption after_change(std::string_view line) {
  std::size_t at = 0;
  std::size_t original = number(line, at);
  if (line.substr(at).starts_with(','))
    original = number(line, ++at);
  if (at >= line.size())
    fail("diff: '{}' is not understood", line);
  std::size_t patched = number(line, ++at);
  if (line.substr(at).starts_with(','))
    patched = number(line, ++at);
  // "5d4" and "5a6": the number of the side without lines is of the line before.
  return {original + 1, patched + 1};
}

std::vector<Resumption> compare(std::string_view original, std::string_view patched) {
  const TempDir work("kpatch-lines.");
  write_file(work.path() / "a", original);
  write_file(work.path() / "b", patched);
  const Outcome outcome = run({.argv = {"diff", "--text", "--", "a", "b"},
                               .directory = work.path(),
                               .environment = {{"LC_ALL", "C"}}});
  if (outcome.status > 1)
    fail("diff: {}", outcome.errors);
  std::vector<Resumption> changes;
  std::string_view text = outcome.output;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!line.empty() && is_digit(line[0]))
      changes.push_back(after_change(line));
  }
  return changes;
}

/// What is known of the place before each line of a text; lines count from 1.
struct LinesOfCode {
  std::vector<bool> is_open;        ///< a directive may stand before it
  std::vector<bool> ends_branch;    ///< the line before it is #else, #elif or #endif
  std::vector<unsigned> conditions; ///< how many conditionals are open
  std::size_t last_with_code = 0;
};

/// Walks over the tokens and notes what lies between two of them.
class LineWalk {
 public:
  explicit LineWalk(std::string_view text) {
    lines_.is_open.assign(
        static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 3, false);
    lines_.ends_branch.assign(lines_.is_open.size(), false);
    lines_.conditions.assign(lines_.is_open.size(), 0);
    text_ = text;
    tokens_ = tokens_of(text);
  }

  LinesOfCode walk() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.begins_line)
        open_line(i);
      if (token.in_directive)
        note_conditional(i);
      else if (token.text == "(")
        ++parentheses_;
      else if (token.text == ")")
        parentheses_ = std::max(0, parentheses_ - 1);
      if (!token.in_directive)
        after_name_ = token.kind == TokenKind::kIdentifier;
      lines_.last_with_code = token.end_line;
    }
    return std::move(lines_);
  }

 private:
  /// The place before a line that begins with a token is the only sure one: the line
  /// above may be a comment that has not ended, or a line that goes on.
  void open_line(std::size_t i) {
    const Token& token = tokens_[i];
    const auto at = static_cast<std::size_t>(token.text.data() - text_.data());
    const std::size_t start = text_.substr(0, at).rfind('\n') + 1; // 0 if there is none
    const bool is_first = text_.substr(start, at - start).find_first_not_of(" \t") ==
                          std::string_view::npos;
    const bool may_be_call = after_name_ && (token.text == "(" || token.text == "#");
    lines_.is_open[token.line] = is_first && parentheses_ == 0 && !may_be_call;
    lines_.conditions[token.line] = conditions_;
    lines_.ends_branch[token.line] = ended_branch_;
    ended_branch_ = false;
  }

  void note_conditional(std::size_t i) {
    if (i == 0 || tokens_[i - 1].text != "#" || !tokens_[i - 1].begins_line)
      return;
    const std::string_view word = tokens_[i].text;
    if (word == "if" || word == "ifdef" || word == "ifndef") {
      ++conditions_;
    } else if (word == "else" || word == "elif" || word == "endif") {
      ended_branch_ = true;
      if (word == "endif" && conditions_ > 0)
        --conditions_;
    }
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  LinesOfCode lines_;
  bool after_name_ = false;
  int parentheses_ = 0;
  unsigned conditions_ = 0;
  bool ended_branch_ = false;
};

} // namespace

std::string with_original_lines(std::string_view original, std::string_view patched) {
  const std::vector<Resumption> changes = compare(original, patched);
  const LinesOfCode lines = LineWalk(patched).walk();
  std::string result;
  std::size_t next = 0;
  bool is_off = false;       // a directive is due
  unsigned uncertain_in = 0; // conditionals in which one was set and may not be seen
  std::size_t ahead = 0;     // how far the patched text is, modulo its size
  for (std::size_t line = 1; !patched.empty(); ++line) {
    while (next < changes.size() && changes[next].patched <= line) {
      is_off = changes[next].patched - changes[next].original != ahead || is_off;
      ahead = changes[next].patched - changes[next].original;
      ++next;
    }
    is_off = is_off || (uncertain_in > 0 && lines.ends_branch[line]);
    if (is_off && line <= lines.last_with_code && lines.is_open[line]) {
      result += fmt::format("#line {}\n", line - ahead);
      is_off = false;
      uncertain_in = lines.conditions[line];
    }
    const std::size_t end = std::min(patched.find('\n'), patched.size() - 1) + 1;
    result += patched.substr(0, end);
    patched.remove_prefix(end);
  }
  return result;
}

} // namespace kpatch::patch
