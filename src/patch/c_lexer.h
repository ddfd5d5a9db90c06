// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace kpatch::patch {

enum class TokenKind : std::uint8_t {
  kIdentifier,
  kNumber,
  kLiteral, ///< "string" or 'c', with its quotes
  kPunctuation,
};

/// A token of C source before preprocessing. Places are counted from 0, lines from 1.
struct Token {
  std::string_view text; ///< of the source; has \-newlines in it if the source has
  TokenKind kind = TokenKind::kPunctuation;
  bool begins_line = false;   ///< nothing but blanks and comments before it on its line
  bool in_directive = false;  ///< of a preprocessing directive, "#" included
  std::uint32_t line = 0;     ///< where it begins
  std::uint32_t end_line = 0; ///< where it ends
};

/// Reads tokens one by one. Any bytes give some tokens: an unfinished literal ends with
/// its line, an unfinished comment with the text.
class CLexer {
 public:
  explicit CLexer(std::string_view text) : text_(text) {}

  /// The next token; false at the end.
  bool next(Token& token);

 private:
  void skip_blanks();
  void skip_line_comment();
  void skip_block_comment();
  std::size_t splice(std::size_t at) const;
  std::size_t word_end(std::size_t at, bool is_number) const;
  std::size_t literal_end(std::size_t at) const;
  std::size_t punctuation_end(std::size_t at) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  bool begins_line_ = true;
  bool in_directive_ = false;
};

std::vector<Token> tokens_of(std::string_view text);

/// The line of a preprocessing directive, its first only where \-newlines join several.
struct Directive {
  std::string_view word; ///< behind the "#"
  std::string_view rest; ///< of the line, from the next character that is no blank
};

/// The directives of a text, without reading what stands between them: it takes a tenth
/// of the time, and finds those in comments too.
std::vector<Directive> directives_of(std::string_view text);

/// The identifier or number at the start of the text; empty if there is none.
std::string_view word_at(std::string_view text);

/// Whether a compiler sees the same in both, line numbers aside: comments, blanks and the
/// shape of lines may differ.
bool same_tokens(std::string_view one, std::string_view other);

} // namespace kpatch::patch
