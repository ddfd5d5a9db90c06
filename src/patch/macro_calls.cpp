// SPDX-License-Identifier: GPL-2.0-or-later
//
// A header may make its declarations by macros of its own:
//
//   #define FLAG(name) static inline bool test_##name(unsigned f) { return f & name; }
//   FLAG(private_2)
//
// By the words alone such a call may give a meaning to every name with `private_2` in it.
// Here it is replaced by what it stands for, and that is cut into items like any text.
// Macros in the bodies of what is declared are left as they are: they are mentioned.
//
// A word that is handed on from one macro to another is expanded on the way, if it is a
// macro itself (C11, 6.10.3.1), and then becomes a part of another name than it does
// here. Such words are kept as `handed_on`: other headers may make macros of them.
#include "patch/macro_calls.h"

#include "patch/c_lexer.h"
#include "patch/item_tokens.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace kpatch::patch {

namespace {

using Name = std::string_view;
using Words = std::vector<Name>;

/// What all calls of a header may be expanded to, in characters: those of
/// <linux/page-flags.h> have 55,000.
constexpr std::size_t kMostText = std::size_t{1} << 20U;
/// A call of <linux/page-flags.h> goes through three macros.
constexpr unsigned kDeepest = 8;

/// The arguments of a call, from the token behind "(" on; each as it is spelled.
std::vector<Words> arguments_of(std::span<const Token> tokens, std::size_t open) {
  std::vector<Words> arguments(1);
  const std::size_t end = group_end(tokens, open);
  int depth = 0;
  for (std::size_t at = open + 1; at < end; ++at) {
    const Name text = tokens[at].text;
    depth += (text == "(") - (text == ")");
    if (text == "," && depth == 0)
      arguments.emplace_back();
    else
      arguments.back().push_back(text);
  }
  if (arguments.size() == 1 && arguments[0].empty())
    arguments.clear();
  return arguments;
}

void add_sorted(Words& names, const Words& more) {
  names.insert(names.end(), more.begin(), more.end());
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

/// The words of the arguments that ## makes parts of names.
Words pasted_words(const Words& parameters, const Words& body,
                   const std::vector<Words>& arguments) {
  Words found;
  for (std::size_t at = 0; at < body.size(); ++at) {
    const bool is_pasted = (at > 0 && body[at - 1] == "##") ||
                           (at + 1 < body.size() && body[at + 1] == "##");
    const auto parameter = std::ranges::find(parameters, body[at]);
    if (is_pasted && parameter != parameters.end())
      add_sorted(found,
                 arguments[static_cast<std::size_t>(parameter - parameters.begin())]);
  }
  return found;
}

/// The body of a macro with the arguments in it: blanks between tokens, but where ##
/// joins them. It ends where it gets longer than `limit`.
std::string substituted(const Words& parameters, const Words& body,
                        const std::vector<Words>& arguments, std::size_t limit) {
  std::string text;
  bool joins = false;
  bool quotes = false;
  for (const Name word : body) {
    if (text.size() > limit)
      return text;
    if (word == "##") {
      joins = true;
      continue;
    }
    if (word == "#") { // what it makes is a string, whatever is in it
      quotes = true;
      continue;
    }
    if (!joins && !text.empty())
      text += ' ';
    joins = false;
    const auto parameter = std::ranges::find(parameters, word);
    if (quotes) {
      text += "\"\"";
    } else if (parameter == parameters.end()) {
      text += word;
    } else {
      const Words& given =
          arguments[static_cast<std::size_t>(parameter - parameters.begin())];
      for (std::size_t i = 0; i < given.size(); ++i)
        text.append(i ? " " : "").append(given[i]);
    }
    quotes = false;
  }
  return text;
}

/// Those of the names that conditions are made of.
Words in_conditions(const Words& names, const SourceItem& item) {
  std::string text;
  for (const std::string& condition : item.conditions)
    text += condition;
  Words words;
  add_mentions(tokens_of(text), words);
  Words found;
  std::ranges::copy_if(names, std::back_inserter(found),
                       [&](Name name) { return std::ranges::count(words, name) > 0; });
  return found;
}

/// What a call and the definition of its macro stand below holds for what it makes.
void put_below(SourceItem& made, const SourceItem& item) {
  add_sorted(made.mentions, in_conditions(item.mentions, item));
  add_sorted(made.in_parentheses, in_conditions(item.in_parentheses, item));
  made.is_for_c_only |= item.is_for_c_only;
  for (const std::string& condition : item.conditions)
    if (std::ranges::count(made.conditions, condition) == 0) {
      made.conditions.push_back(condition);
      made.identity += condition;
    }
}

class MacroCalls {
 public:
  /// What `items` view must outlive this.
  MacroCalls(std::span<const SourceItem> items, std::deque<std::string>& texts);

  /// The items that the call stands for; nothing if that is not known.
  std::optional<std::vector<SourceItem>> expand(const SourceItem& call) {
    std::vector<SourceItem> found;
    if (!expand(call, 0, found))
      return std::nullopt;
    return found;
  }

 private:
  struct Definition {
    Words parameters;
    Words body;
    const SourceItem* item;
  };

  bool expand(const SourceItem& call, unsigned depth, std::vector<SourceItem>& found);
  bool expand(const SourceItem& call, const Definition& macro,
              const std::vector<Words>& arguments, unsigned depth,
              std::vector<SourceItem>& found);

  std::map<Name, std::vector<Definition>> macros_;
  std::set<Name> plain_; ///< macros without arguments
  std::deque<std::string>& texts_;
  std::size_t left_ = kMostText;
};

MacroCalls::MacroCalls(std::span<const SourceItem> items, std::deque<std::string>& texts)
    : texts_(texts) {
  const std::vector<Name> plain = plain_macros(items);
  plain_.insert(plain.begin(), plain.end());
  std::vector<Name> unsure; // whether they are macros, or how many arguments they take
  for (const SourceItem& item : items) {
    if (!item.is_macro || item.defines.empty())
      continue;
    const Name name = item.defines[0];
    if (!item.is_macro_with_arguments) { // or no macro any more
      unsure.push_back(name);
      continue;
    }
    const std::vector<Token> tokens = tokens_of(item.text);
    Definition definition{{}, {}, &item};
    const std::size_t end = group_end(tokens, 3);
    for (std::size_t at = 4; at < end; ++at)
      if (tokens[at].text != ",")
        definition.parameters.push_back(tokens[at].text);
    for (std::size_t at = end + 1; at < tokens.size(); ++at)
      definition.body.push_back(tokens[at].text);
    if (std::ranges::any_of(definition.parameters, [](Name parameter) {
          return parameter.find("...") != Name::npos;
        }))
      unsure.push_back(name);
    macros_[name].push_back(std::move(definition));
  }
  for (const Name name : unsure)
    macros_.erase(name);
}

bool MacroCalls::expand(const SourceItem& call, unsigned depth,
                        std::vector<SourceItem>& found) {
  const auto macro = macros_.find(call.calls);
  if (macro == macros_.end() || depth == kDeepest)
    return false;
  const bool is_sure = std::ranges::any_of(macro->second, [&](const Definition& one) {
    return is_there_with(*one.item, call);
  });
  const std::vector<Token> tokens = tokens_of(call.text);
  if (!is_sure || std::ranges::any_of(tokens, &Token::in_directive))
    return false;
  const std::vector<Words> arguments = arguments_of(tokens, 1);
  return std::ranges::all_of(macro->second, [&](const Definition& one) {
    return one.parameters.size() == arguments.size() &&
           expand(call, one, arguments, depth, found);
  });
}

bool MacroCalls::expand(const SourceItem& call, const Definition& macro,
                        const std::vector<Words>& arguments, unsigned depth,
                        std::vector<SourceItem>& found) {
  Words handed_on;
  if (depth > 0)
    handed_on = pasted_words(macro.parameters, macro.body, arguments);
  if (std::ranges::any_of(handed_on, [&](Name word) { return plain_.contains(word); }))
    return false;
  const std::string& text =
      texts_.emplace_back(substituted(macro.parameters, macro.body, arguments, left_));
  if (text.size() >= left_)
    return false;
  left_ -= text.size() + 1;
  for (SourceItem& item : source_items(text)) {
    put_below(item, call);
    put_below(item, *macro.item);
    add_sorted(item.handed_on, call.handed_on);
    add_sorted(item.handed_on, handed_on);
    if (item.is_unclear)
      return false;
    if (item.calls.empty())
      found.push_back(std::move(item));
    else if (!expand(item, depth + 1, found))
      return false;
  }
  return true;
}

} // namespace

std::vector<std::string_view> plain_macros(std::span<const SourceItem> items) {
  std::vector<Name> names;
  for (const SourceItem& item : items) {
    if (!item.is_macro || item.is_macro_with_arguments || item.defines.empty())
      continue;
    CLexer lexer(item.text);
    Token token;
    if (lexer.next(token) && lexer.next(token) && token.text == "define")
      names.push_back(item.defines[0]);
  }
  return names;
}

std::vector<SourceItem> with_calls_expanded(std::span<const SourceItem> items,
                                            std::deque<std::string>& texts) {
  MacroCalls macros(items, texts);
  std::vector<SourceItem> expanded;
  for (const SourceItem& item : items)
    if (auto made = item.calls.empty() ? std::nullopt : macros.expand(item))
      std::ranges::move(*made, std::back_inserter(expanded));
    else
      expanded.push_back(item);
  return expanded;
}

} // namespace kpatch::patch
