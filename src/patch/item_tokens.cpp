// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the words of one definition or declaration say by themselves: which names it gives
// a meaning, which it uses, and what stands in parentheses. Keywords are no names, and
// what an annotation like __printf(1, 2) is given is not declared.
#include "patch/item_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace kpatch::patch {

namespace {

using Name = std::string_view;

constexpr Name kKeywords[] = {
    "auto",      "break",    "case",          "char",       "const",      "continue",
    "default",   "do",       "double",        "else",       "enum",       "extern",
    "float",     "for",      "goto",          "if",         "inline",     "int",
    "long",      "register", "restrict",      "return",     "short",      "signed",
    "sizeof",    "static",   "struct",        "switch",     "typedef",    "union",
    "unsigned",  "void",     "volatile",      "while",      "_Bool",      "asm",
    "typeof",    "__asm__",  "__attribute__", "__typeof__", "__inline__", "__extension__",
    "__signed__"};

/// Written like a function with arguments, but say something about one.
constexpr Name kAnnotations[] = {
    "__printf",         "__scanf",         "__acquires",     "__releases",
    "__must_hold",      "__cond_acquires", "__aligned",      "__section",
    "__alloc_size",     "__alloc_align",   "__realloc_size", "__malloc",
    "__assume_aligned", "__copy",          "__alias",        "__diagnose_as",
    "__counted_by",     "__no_sanitize",   "__cold",         "__nonnull"};

template <typename List>
bool is_one_of(const List& list, Name name) {
  return std::ranges::find(list, name) != std::end(list);
}

/// `(*name)(`, and `(name)(` alike.
std::optional<Name> name_in_parentheses(std::span<const Token> tokens, std::size_t open) {
  const std::size_t end = group_end(tokens, open);
  if (end + 1 >= tokens.size() || tokens[end + 1].text != "(")
    return std::nullopt;
  for (std::size_t at = open + 1; at < end; ++at)
    if (is_identifier(tokens[at]))
      return tokens[at].text;
  return std::nullopt;
}

/// `struct x { ... } ____cacheline_aligned;` is a type with an attribute: a variable
/// would have a storage class where several files see it, and names of attributes begin
/// so.
bool is_attribute_of_type(std::span<const Token> tokens, std::size_t at) {
  return tokens[at].text.starts_with("__") && at > 0 && tokens[at - 1].text == "}" &&
         (tokens[0].text == "struct" || tokens[0].text == "union" ||
          tokens[0].text == "enum");
}

} // namespace

bool is_identifier(const Token& token) {
  return token.kind == TokenKind::kIdentifier && !is_one_of(kKeywords, token.text);
}

bool says_inline(Name word) {
  const auto contains = [&](Name part) { return word.find(part) != Name::npos; };
  return (contains("inline") || contains("INLINE")) && !contains("noinline");
}

void add_mentions(std::span<const Token> tokens, std::vector<Name>& mentions) {
  for (const Token& token : tokens)
    if (is_identifier(token))
      mentions.push_back(token.text);
}

std::string text_of_tokens(std::span<const Token> tokens) {
  std::string text;
  for (const Token& token : tokens)
    text.append(token.text).push_back('\n');
  return text;
}

void add_in_parentheses(std::span<const Token> tokens, std::vector<Name>& names) {
  int depth = 0;
  for (const Token& token : tokens) {
    depth = std::max(0, depth + (token.text == "(") - (token.text == ")"));
    if (depth > 0 && is_identifier(token))
      names.push_back(token.text);
  }
}

std::size_t group_end(std::span<const Token> tokens, std::size_t at) {
  int depth = 0;
  for (; at < tokens.size(); ++at) {
    const Name text = tokens[at].text;
    if (text == "(" || text == "[" || text == "{")
      ++depth;
    else if ((text == ")" || text == "]" || text == "}") && --depth <= 0)
      return at;
  }
  return tokens.size() - 1;
}

Outline outline_of(std::span<const Token> tokens) {
  Outline outline;
  bool after_arguments = false;
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    outline.words.push_back(at);
    const Name text = tokens[at].text;
    if (text == "__attribute__" && at + 1 < tokens.size()) {
      outline.words.pop_back();
      at = tokens[at + 1].text == "(" ? group_end(tokens, at + 1) : at;
      continue;
    }
    outline.has_assignment |= text == "=";
    if (text == "{")
      outline.has_body |= after_arguments && !outline.has_assignment;
    if (text == "(")
      after_arguments = true;
    else if (text == "struct" || text == "union" || text == "enum")
      after_arguments = false;
    if (text == "(" || text == "[" || text == "{")
      at = group_end(tokens, at);
  }
  return outline;
}

void add_types(std::span<const Token> tokens, std::vector<Name>& defines) {
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    const Name keyword = tokens[at].text;
    if (keyword != "struct" && keyword != "union" && keyword != "enum")
      continue;
    std::size_t next = at + 1;
    Name tag;
    for (; next < tokens.size() && tokens[next].kind == TokenKind::kIdentifier; ++next) {
      tag = tokens[next].text;
      if (next + 1 < tokens.size() && tokens[next + 1].text == "(")
        next = group_end(tokens, next + 1); // an attribute
    }
    if (next >= tokens.size() || tokens[next].text != "{")
      continue;
    if (!tag.empty())
      defines.push_back(tag);
    if (keyword != "enum")
      continue;
    const std::size_t end = group_end(tokens, next);
    for (std::size_t i = next + 1; i < end; ++i)
      if (is_identifier(tokens[i]) &&
          (tokens[i - 1].text == "{" || tokens[i - 1].text == "," ||
           tokens[i].begins_line))
        defines.push_back(tokens[i].text);
  }
}

void add_constants(std::span<const Token> tokens,
                   std::vector<std::pair<Name, std::string>>& constants) {
  if (tokens.size() < 3 || tokens[0].text != "enum")
    return;
  const std::size_t open = tokens[1].text == "{" ? 1 : 2;
  const std::size_t end = group_end(tokens, open);
  if (tokens[open].text != "{" || end + 2 != tokens.size())
    return; // with an attribute, or a variable of it
  std::string base = "0";
  std::size_t distance = 0;
  for (std::size_t at = open + 1; at < end;) {
    std::size_t stop = at;
    for (; stop < end && tokens[stop].text != ","; ++stop)
      if (tokens[stop].text == "(" || tokens[stop].text == "{")
        stop = group_end(tokens, stop);
    const std::span<const Token> words = tokens.subspan(at, stop - at);
    at = stop + 1;
    if (words.size() > 1 && words[1].text == "=") {
      base = text_of_tokens(words.subspan(2));
      distance = 0;
    } else if (words.size() != 1) {
      constants.clear(); // made by a macro
      return;
    }
    if (!is_identifier(words[0])) {
      constants.clear();
      return;
    }
    constants.emplace_back(words[0].text, fmt::format("{}+{}", base, distance++));
  }
}

void add_declared(std::span<const Token> tokens, const Outline& outline,
                  std::vector<Name>& defines) {
  for (std::size_t i = 0; i < outline.words.size(); ++i) {
    const std::size_t at = outline.words[i];
    if (tokens[at].text == "(") {
      if (const auto name = name_in_parentheses(tokens, at))
        defines.push_back(*name);
      continue;
    }
    if (!is_identifier(tokens[at]) || at + 1 >= tokens.size())
      continue;
    const Name next = tokens[at + 1].text;
    if (next == "(") {
      if (!is_one_of(kAnnotations, tokens[at].text))
        defines.push_back(tokens[at].text);
    } else if (next == ";" && is_attribute_of_type(tokens, at)) {
      continue;
    } else if (next == ";" || next == "," || next == "=" || next == "[" || next == ":") {
      defines.push_back(tokens[at].text);
      // `int name __read_mostly;`
      if (i > 0 && tokens[at].text.starts_with("__") &&
          is_identifier(tokens[outline.words[i - 1]]))
        defines.push_back(tokens[outline.words[i - 1]].text);
    } else if (is_one_of(kAnnotations, next)) {
      defines.push_back(tokens[at].text);
    }
  }
}

void add_arguments(std::span<const Token> tokens, std::size_t open,
                   std::vector<Name>& names) {
  const std::size_t end = group_end(tokens, open);
  for (std::size_t start = open + 1; start < end;) {
    std::size_t stop = start;
    for (; stop < end && tokens[stop].text != ","; ++stop)
      if (tokens[stop].text == "(" || tokens[stop].text == "{")
        stop = group_end(tokens, stop);
    if (start < stop && is_identifier(tokens[start]) &&
        (start + 1 == stop || tokens[start + 1].text == "["))
      names.push_back(tokens[start].text);
    start = stop + 1;
  }
}

} // namespace kpatch::patch
