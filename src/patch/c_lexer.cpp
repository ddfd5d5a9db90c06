// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a change of a header means is asked before anything is compiled, on text that has
// not been preprocessed: all branches of its conditionals are there, macros are not
// expanded. So C is split into preprocessing tokens here, and into no more than that.
#include "patch/c_lexer.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace kpatch::patch {

namespace {

bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '$';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/// Only those that mean something when they stand together; `>>` as two tokens would make
/// no difference here, but `a ++ b` and `a + + b` must not look alike.
constexpr std::string_view kLongPunctuation[] = {
    "...", "<<=", ">>=", "##", "++", "--", "->", "<<", ">>", "<=", ">=", "==",
    "!=",  "&&",  "||",  "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="};

} // namespace

/// The length of a \-newline at `at`, or 0.
std::size_t CLexer::splice(std::size_t at) const {
  if (at + 1 >= text_.size() || text_[at] != '\\')
    return 0;
  if (text_[at + 1] == '\n')
    return 2;
  return at + 2 < text_.size() && text_[at + 1] == '\r' && text_[at + 2] == '\n' ? 3 : 0;
}

void CLexer::skip_line_comment() {
  while (at_ < text_.size() && text_[at_] != '\n') {
    const std::size_t joined = splice(at_);
    line_ += joined > 0;
    at_ += std::max<std::size_t>(joined, 1);
  }
}

void CLexer::skip_block_comment() {
  const std::size_t end = text_.find("*/", at_ + 2);
  const std::size_t stop = end == std::string_view::npos ? text_.size() : end + 2;
  line_ += static_cast<std::uint32_t>(
      std::count(text_.begin() + at_, text_.begin() + stop, '\n'));
  at_ = stop;
}

void CLexer::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    const std::string_view rest = text_.substr(at_, 2);
    if (c == '\n') {
      ++line_;
      ++at_;
      begins_line_ = true;
      in_directive_ = false;
    } else if (is_blank(c)) {
      ++at_;
    } else if (const std::size_t joined = splice(at_); joined > 0) {
      ++line_;
      at_ += joined;
    } else if (rest == "//") {
      skip_line_comment();
    } else if (rest == "/*") {
      skip_block_comment();
    } else {
      return;
    }
  }
}

std::size_t CLexer::word_end(std::size_t at, bool is_number) const {
  while (at < text_.size()) {
    const char c = text_[at];
    if (!is_word(c) && !(is_number && c == '.')) {
      const bool is_sign = c == '+' || c == '-';
      if (!is_number || !is_sign ||
          std::string_view("eEpP").find(text_[at - 1]) == std::string_view::npos)
        return at;
    }
    ++at;
  }
  return at;
}

std::size_t CLexer::literal_end(std::size_t at) const {
  const char quote = text_[at++];
  while (at < text_.size() && text_[at] != quote && text_[at] != '\n')
    at += text_[at] == '\\' ? std::max<std::size_t>(splice(at), 2) : 1;
  return std::min(text_.size(), at + (at < text_.size() && text_[at] == quote));
}

std::size_t CLexer::punctuation_end(std::size_t at) const {
  for (const std::string_view punctuation : kLongPunctuation)
    if (text_.substr(at).starts_with(punctuation))
      return at + punctuation.size();
  return at + 1;
}

bool CLexer::next(Token& token) {
  skip_blanks();
  if (at_ >= text_.size())
    return false;
  const std::size_t start = at_;
  const char c = text_[at_];
  const bool number =
      is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]));
  if (is_word(c) || number) {
    token.kind = number ? TokenKind::kNumber : TokenKind::kIdentifier;
    at_ = word_end(at_ + 1, number);
  } else if (c == '"' || c == '\'') {
    token.kind = TokenKind::kLiteral;
    at_ = literal_end(at_);
  } else {
    token.kind = TokenKind::kPunctuation;
    at_ = punctuation_end(at_);
  }
  token.text = text_.substr(start, at_ - start);
  token.begins_line = begins_line_;
  in_directive_ = in_directive_ || (begins_line_ && token.text == "#");
  token.in_directive = in_directive_;
  token.line = line_;
  if (token.kind == TokenKind::kLiteral)
    line_ += static_cast<std::uint32_t>(
        std::count(token.text.begin(), token.text.end(), '\n'));
  token.end_line = line_;
  begins_line_ = false;
  return true;
}

std::string_view word_at(std::string_view text) {
  return text.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(text, is_word) -
                                                 text.begin()));
}

std::vector<Directive> directives_of(std::string_view text) {
  const auto without_blanks = [](std::string_view part) {
    return part.substr(std::min(part.find_first_not_of(" \t"), part.size()));
  };
  std::vector<Directive> directives;
  for (std::size_t at = text.find('#'); at != std::string_view::npos;
       at = text.find('#', at)) {
    const std::size_t newline = text.rfind('\n', at);
    const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (without_blanks(text.substr(start, at - start)).empty()) {
      const std::string_view line = without_blanks(text.substr(at + 1, end - at - 1));
      const std::string_view word = word_at(line);
      directives.push_back({word, without_blanks(line.substr(word.size()))});
    }
    at = end;
  }
  return directives;
}

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  CLexer lexer(text);
  for (Token token; lexer.next(token);)
    tokens.push_back(token);
  return tokens;
}

namespace {

/// The header of `#include <a//b>` is no comment, and blanks around the parenthesis of
/// `#define f (x)` mean something: directives are compared as text, less what surrounds
/// them.
bool begins_directive(const Token& token) {
  return token.in_directive && token.begins_line;
}

/// Whether a blank or comment stands before the token, which matters in a definition of a
/// macro only.
bool follows_blank(std::string_view text, const Token& token) {
  const auto at = static_cast<std::size_t>(token.text.data() - text.data());
  return at > 0 && !is_word(text[at - 1]) &&
         (is_blank(text[at - 1]) || text[at - 1] == '/');
}

} // namespace

bool same_tokens(std::string_view one, std::string_view other) {
  CLexer left(one);
  CLexer right(other);
  Token a;
  Token b;
  while (true) {
    const bool more = left.next(a);
    if (more != right.next(b))
      return false;
    if (!more)
      return true;
    if (a.text != b.text || a.in_directive != b.in_directive ||
        begins_directive(a) != begins_directive(b))
      return false;
    // "#define f (x)" and "#define f(x)", and what a # operator makes a string of.
    if (a.in_directive && follows_blank(one, a) != follows_blank(other, b))
      return false;
  }
}

} // namespace kpatch::patch
