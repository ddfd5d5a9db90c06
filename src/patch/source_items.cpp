// SPDX-License-Identifier: GPL-2.0-or-later
//
// A header is a row of things that give names a meaning: macros, types, declarations,
// inline functions. What a changed header means for a unit is decided by names: which
// have a new meaning, and who mentions them. For that a file is cut into its items, all
// branches of conditionals alike, without knowing which identifiers are types or macros.
// Where the text does not tell, an item counts as defining more than it does, or as
// unclear; never less.
#include "patch/source_items.h"

#include "patch/c_lexer.h"
#include "patch/item_tokens.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

namespace kpatch::patch {

namespace {

using Tokens = std::vector<Token>;
using Name = std::string_view;

/// Whether a value that a constant has in one text alone leaves the enumeration the type
/// that it is: `int`, unless a value needs another one.
bool is_small(const std::string& value) {
  const std::string_view base = std::string_view(value).substr(0, value.find('+'));
  const std::string_view digits = base.substr(0, base.find('\n'));
  return digits.size() + 1 >= base.size() && digits.size() < 9 &&
         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

/// Cuts the tokens of a file into items.
class ItemReader {
 public:
  explicit ItemReader(std::string_view text) : tokens_(tokens_of(text)) {}

  std::vector<SourceItem> read() {
    while (at_ < tokens_.size())
      if (tokens_[at_].in_directive)
        read_directive();
      else
        take(tokens_[at_++]);
    if (braces_ != 0 || parentheses_ != 0 || !current_.empty()) {
      finish();
      if (!items_.empty())
        items_.back().is_unclear = true;
    }
    return std::move(items_);
  }

  /// After read().
  std::vector<Inclusion> take_includes() { return std::move(includes_); }

 private:
  struct Level {
    int braces;
    int parentheses;
    std::vector<Token> condition;
    /// Holds whenever C reads the file for the first time.
    bool always_holds = false;
    bool is_for_c_only = false;
  };

  void take(const Token& token) {
    if (current_.empty())
      levels_of_item_ = levels_.size();
    if (levels_.size() > levels_of_item_)
      conditional_.insert(current_.size());
    current_.push_back(token);
    if (parentheses_ > 0 && is_identifier(token))
      in_parentheses_.push_back(token.text);
    if (token.text == "(")
      ++parentheses_;
    else if (token.text == ")")
      --parentheses_;
    else if (token.text == "{")
      ++braces_;
    else if (token.text == "}")
      --braces_;
    if (braces_ > 0 || parentheses_ > 0)
      return;
    if (braces_ < 0 || parentheses_ < 0) {
      was_unbalanced_ = true;
      braces_ = parentheses_ = 0;
    }
    if (token.text == ";" || ends_function(token) || ends_call(token))
      finish();
  }

  bool ends_function(const Token& token) const {
    return token.text == "}" && outline_of(current_).has_body;
  }

  /// `PAGEFLAG(Error, error)` needs no semicolon.
  bool ends_call(const Token& token) const {
    if (token.text != ")" || !begins_call())
      return false;
    if (group_end(current_, 1) + 1 != current_.size())
      return false;
    if (at_ >= tokens_.size() || tokens_[at_].in_directive)
      return true;
    const Token& next = tokens_[at_];
    return next.kind == TokenKind::kIdentifier ||
           (next.text != "{" && next.text != "(" && next.text != ";" &&
            next.text != "=" && next.text != "," && next.text != "[");
  }

  bool begins_call() const {
    return current_.size() > 2 && is_identifier(current_[0]) && current_[1].text == "(";
  }

  void read_directive() {
    const std::size_t start = at_++;
    while (at_ < tokens_.size() && tokens_[at_].in_directive && !begins(tokens_[at_]))
      ++at_;
    const std::span<const Token> tokens(&tokens_[start], at_ - start);
    const Name word = tokens.size() > 1 ? tokens[1].text : Name();
    if (word == "if" || word == "ifdef" || word == "ifndef")
      open_level(tokens);
    else if (word == "else" || word == "elif")
      continue_conditional(tokens);
    else if (word == "endif" && !levels_.empty())
      levels_.pop_back();
    else if (word == "define" || word == "undef")
      add_macro(tokens);
    else if (word == "pragma")
      add_pragma(tokens);
    else if (word == "include")
      add_include(tokens.subspan(2));
    // A macro among the members of a type is a thing of its own.
    if (!current_.empty() && word != "define" && word != "undef")
      conditions_inside_.insert(conditions_inside_.end(), tokens.begin(), tokens.end());
  }

  void open_level(std::span<const Token> tokens) {
    const bool is_for_c_only =
        tokens.size() == 3 && tokens[1].text == "ifndef" &&
        (tokens[2].text == "__ASSEMBLY__" || tokens[2].text == "__ASSEMBLER__");
    levels_.push_back({.braces = braces_,
                       .parentheses = parentheses_,
                       .condition = {tokens.begin(), tokens.end()},
                       .always_holds = is_for_c_only || is_guard(tokens),
                       .is_for_c_only = is_for_c_only});
  }

  /// `#ifndef NAME` before all else, with `#define NAME` after it and `#endif` at the
  /// end.
  bool is_guard(std::span<const Token> tokens) const {
    const auto next = [&](std::size_t i) {
      return at_ + i < tokens_.size() ? tokens_[at_ + i].text : Name();
    };
    return items_.empty() && current_.empty() && levels_.empty() && tokens.size() == 3 &&
           tokens[1].text == "ifndef" && next(0) == "#" && next(1) == "define" &&
           next(2) == tokens[2].text && spans_the_rest();
  }

  /// Whether the conditional that has just begun ends with the file.
  bool spans_the_rest() const {
    int depth = 1;
    for (std::size_t at = at_; at + 1 < tokens_.size(); ++at) {
      if (!tokens_[at].in_directive || !begins(tokens_[at]))
        continue;
      const Name word = tokens_[at + 1].text;
      depth += (word == "if" || word == "ifdef" || word == "ifndef") - (word == "endif");
      if (depth == 0)
        return std::all_of(
            tokens_.begin() + static_cast<std::ptrdiff_t>(at) + 2, tokens_.end(),
            [](const Token& token) { return token.in_directive && !begins(token); });
    }
    return false;
  }

  void add_include(std::span<const Token> words) {
    Inclusion& line = includes_.emplace_back();
    for (const Token& word : words)
      line.name += word.text;
    for (const Level& level : levels_)
      if (!level.always_holds)
        line.condition += text_of_tokens(level.condition);
  }

  static bool begins(const Token& token) {
    return token.begins_line && token.text == "#";
  }

  void continue_conditional(std::span<const Token> tokens) {
    if (levels_.empty())
      return;
    Level& level = levels_.back();
    braces_ = level.braces;
    parentheses_ = level.parentheses;
    level.condition.insert(level.condition.end(), tokens.begin(), tokens.end());
    level.always_holds = level.is_for_c_only = false;
  }

  SourceItem& add_item(std::span<const Token> tokens) {
    SourceItem& item = items_.emplace_back();
    const Name last = tokens.back().text;
    item.text = {tokens.front().text.data(), last.data() + last.size()};
    add_mentions(tokens, item.mentions);
    item.identity = text_of_tokens(tokens);
    for (const Level& level : levels_) {
      item.is_for_c_only |= level.is_for_c_only;
      if (level.always_holds)
        continue;
      add_mentions(level.condition, item.mentions);
      add_in_parentheses(level.condition, item.in_parentheses);
      item.conditions.push_back(text_of_tokens(level.condition));
      item.identity += item.conditions.back();
    }
    return item;
  }

  static void tidy(SourceItem& item) {
    for (auto* names : {&item.mentions, &item.in_parentheses}) {
      std::ranges::sort(*names);
      names->erase(std::unique(names->begin(), names->end()), names->end());
    }
  }

  void add_macro(std::span<const Token> tokens) {
    SourceItem& item = add_item(tokens);
    add_in_parentheses(tokens, item.in_parentheses);
    item.is_macro = true;
    if (tokens.size() > 2) {
      std::erase(item.mentions, tokens[1].text); // the directive's own word is no name
      // Who defines the guard elsewhere, keeps the whole file out.
      item.is_guard = items_.size() == 1 && levels_.size() == 1 &&
                      levels_[0].always_holds && !levels_[0].is_for_c_only;
      item.is_unclear = item.is_guard;
      item.replaces = tokens[1].text == "define" &&
                      std::ranges::none_of(tokens.subspan(3), [&](const Token& token) {
                        return token.text == tokens[2].text;
                      });
      item.defines.push_back(tokens[2].text);
      // What "(" stands for depends on the blank before it.
      if (tokens.size() > 3 &&
          tokens[3].text.data() == tokens[2].text.data() + tokens[2].text.size()) {
        item.identity += "(";
        item.is_macro_with_arguments = tokens[3].text == "(";
      }
      add_pasted(tokens, item);
    }
    tidy(item);
  }

  /// Structure packing and the like hold for all that follows.
  void add_pragma(std::span<const Token> tokens) {
    SourceItem& item = add_item(tokens);
    item.is_unclear = true;
    tidy(item);
  }

  static std::vector<Name> parameters(std::span<const Token> tokens) {
    std::vector<Name> names{"__VA_ARGS__"};
    if (tokens.size() > 3 && tokens[3].text == "(" &&
        tokens[3].text.data() == tokens[2].text.data() + tokens[2].text.size()) {
      const std::size_t end = group_end(tokens, 3);
      for (std::size_t at = 4; at < end; ++at)
        if (tokens[at].kind == TokenKind::kIdentifier)
          names.push_back(tokens[at].text);
    }
    return names;
  }

  static void add_pasted(std::span<const Token> tokens, SourceItem& item) {
    const std::vector<Name> given = parameters(tokens);
    const auto piece = [&](const Token& token) {
      return std::ranges::count(given, token.text) > 0 ? Name() : token.text;
    };
    const auto is_word = [](const Token& token) {
      return token.kind == TokenKind::kIdentifier || token.kind == TokenKind::kNumber;
    };
    for (std::size_t at = 3; at + 2 < tokens.size(); ++at) {
      if (tokens[at + 1].text != "##" || !is_word(tokens[at]))
        continue; // `, ##__VA_ARGS__` makes no name
      PastedName name{piece(tokens[at])};
      for (; at + 2 < tokens.size() && tokens[at + 1].text == "##"; at += 2)
        name.push_back(piece(tokens[at + 2]));
      item.pastes.push_back(std::move(name));
    }
  }

  void finish() {
    if (current_.empty())
      return;
    if (current_.size() == 1 && current_[0].text == ";") {
      current_.clear();
      conditional_.clear();
      in_parentheses_.clear();
      return;
    }
    SourceItem& item = add_item(current_);
    item.in_parentheses.insert(item.in_parentheses.end(), in_parentheses_.begin(),
                               in_parentheses_.end());
    add_mentions(conditions_inside_, item.mentions);
    add_in_parentheses(conditions_inside_, item.in_parentheses);
    item.identity += text_of_tokens(conditions_inside_);
    classify(item);
    if (conditions_inside_.empty())
      add_constants(current_, item.constants);
    add_sure_constants(item);
    tidy(item);
    if (!item.constants.empty())
      forget_constants(item);
    item.is_unclear |= was_unbalanced_;
    was_unbalanced_ = false;
    current_.clear();
    conditional_.clear();
    in_parentheses_.clear();
    conditions_inside_.clear();
    braces_ = parentheses_ = 0;
  }

  void add_sure_constants(SourceItem& item) const {
    if (current_[0].text != "enum")
      return;
    const std::set<Name> constants(item.defines.begin(), item.defines.end());
    const bool has_tag = current_.size() > 1 && is_identifier(current_[1]);
    for (std::size_t at = has_tag ? 2 : 1; at < current_.size(); ++at)
      if (!conditional_.contains(at) && constants.contains(current_[at].text))
        item.sure_constants.push_back(current_[at].text);
  }

  /// Drops the constants that no other value uses: when one of them changes, the others
  /// do not.
  void forget_constants(SourceItem& item) const {
    std::map<Name, int> times;
    for (const Token& token : current_)
      ++times[token.text];
    std::set<Name> once;
    for (const auto& [name, value] : item.constants)
      if (times[name] == 1)
        once.insert(name);
    std::erase_if(item.mentions, [&](Name name) { return once.contains(name); });
  }

  void classify(SourceItem& item) const {
    const Outline outline = outline_of(current_);
    const bool is_call =
        begins_call() &&
        group_end(current_, 1) + 1 + (current_.back().text == ";") == current_.size();
    add_types(current_, item.defines);
    if (is_call) {
      item.calls = current_[0].text;
      add_arguments(current_, 1, item.defines_made_of);
      return;
    }
    add_declared(current_, outline, item.defines);
    const bool is_inline = std::ranges::any_of(
        outline.words, [&](std::size_t at) { return says_inline(current_[at].text); });
    const bool is_typedef = current_[0].text == "typedef";
    item.emits =
        !is_typedef && ((outline.has_body && !is_inline) || outline.has_assignment);
    // "struct x;" gives nothing a meaning.
    const bool is_forward = current_.size() == 3 && current_[2].text == ";";
    item.is_unclear = item.defines.empty() && !is_forward;
  }

  Tokens tokens_;
  std::size_t at_ = 0;
  Tokens current_;
  std::size_t levels_of_item_ = 0;    ///< where the current one begins
  std::set<std::size_t> conditional_; ///< tokens of it that are below more
  std::vector<Name> in_parentheses_;  ///< of the current one, whatever branch it is in
  Tokens conditions_inside_;
  std::vector<Level> levels_;
  int braces_ = 0;
  int parentheses_ = 0;
  bool was_unbalanced_ = false;
  std::vector<SourceItem> items_;
  std::vector<Inclusion> includes_;
};

} // namespace

std::vector<SourceItem> source_items(std::string_view text) {
  return ItemReader(text).read();
}

bool is_there_with(const SourceItem& item, const SourceItem& other) {
  return std::ranges::all_of(item.conditions, [&](const std::string& condition) {
    return std::ranges::count(other.conditions, condition) > 0;
  });
}

std::optional<std::vector<std::string_view>> changed_names(const SourceItem& item,
                                                           const SourceItem& other) {
  if (item.constants.empty() || other.constants.empty() ||
      item.conditions != other.conditions || item.defines.empty() ||
      other.defines.empty() || item.defines.front() != other.defines.front())
    return std::nullopt;
  using Constants = std::set<std::pair<std::string_view, std::string>>;
  const Constants ours(item.constants.begin(), item.constants.end());
  const Constants theirs(other.constants.begin(), other.constants.end());
  for (const auto& [some, others] : {std::pair(&ours, &theirs), {&theirs, &ours}})
    for (const auto& constant : *some)
      if (!others->contains(constant) && !is_small(constant.second))
        return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto& constant : item.constants)
    if (!theirs.contains(constant))
      names.push_back(constant.first);
  return names;
}

std::vector<Inclusion> inclusions(std::string_view text) {
  ItemReader reader(text);
  reader.read();
  return reader.take_includes();
}

} // namespace kpatch::patch
