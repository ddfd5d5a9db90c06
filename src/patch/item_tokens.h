// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/c_lexer.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kpatch::patch {

/// Whether a token is a name, and no keyword.
bool is_identifier(const Token& token);
/// "static __always_inline", but not "noinline".
bool says_inline(std::string_view word);

/// Adds all names among the tokens.
void add_mentions(std::span<const Token> tokens, std::vector<std::string_view>& mentions);
/// Adds those that stand in parentheses.
void add_in_parentheses(std::span<const Token> tokens,
                        std::vector<std::string_view>& names);
/// Each token on a line of its own.
std::string text_of_tokens(std::span<const Token> tokens);
/// The end of the group that opens at `at`; the last token if it never closes.
std::size_t group_end(std::span<const Token> tokens, std::size_t at);

/// What an item is made of at its outermost level: words, and groups seen from outside.
struct Outline {
  std::vector<std::size_t> words; ///< indices of tokens outside all groups
  bool has_assignment = false;
  bool has_body = false; ///< braces after parentheses: a function
};
Outline outline_of(std::span<const Token> tokens);

/// Tags of types with their members given here, and the constants of enumerations, at any
/// depth.
void add_types(std::span<const Token> tokens, std::vector<std::string_view>& defines);
/// The constants of `enum name { A, B = 4, C };`: a value counts from the last that is
/// spelled.
void add_constants(std::span<const Token> tokens,
                   std::vector<std::pair<std::string_view, std::string>>& constants);
/// What a declaration declares besides types.
void add_declared(std::span<const Token> tokens, const Outline& outline,
                  std::vector<std::string_view>& defines);
/// The arguments of a macro call that are a name, or `name[size]`.
void add_arguments(std::span<const Token> tokens, std::size_t open,
                   std::vector<std::string_view>& names);

} // namespace kpatch::patch
