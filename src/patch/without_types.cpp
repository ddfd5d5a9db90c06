// SPDX-License-Identifier: GPL-2.0-or-later
//
// An update changes a header for many reasons at once: a field here, a prototype there, a
// macro for a third file. If the field cannot be patched live, the rest of the header
// need not go with it. What goes is what speaks of the difference: items of the header in
// which a name stands that the two definitions of the type do not declare alike, and in
// turn those that name what has come with these.
//
// Code of other files that uses a new member does not compile then. If a member has
// another type, it does, and must be found by the name.
#include "patch/without_types.h"

#include "patch/c_lexer.h"
#include "patch/item_tokens.h"
#include "patch/source_items.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <vector>

namespace kpatch::patch {

namespace {

using Names = std::set<std::string_view>;

/// "struct file" is given its members in the item.
bool defines_type(const SourceItem& item, const std::string& type) {
  std::string head = "\n" + type + " {";
  std::ranges::replace(head, ' ', '\n');
  return !item.is_macro && ("\n" + item.identity).find(head) != std::string::npos;
}

bool is_any_word(const Token& token) {
  return token.kind == TokenKind::kIdentifier;
}

int opens(const Token& token) {
  return token.text == "(" || token.text == "[";
}

int closes(const Token& token) {
  return token.text == ")" || token.text == "]";
}

bool is_type(const SourceItem& item) {
  return !item.defines.empty() &&
         std::ranges::any_of(std::array{"struct ", "union "}, [&](const char* keyword) {
           return defines_type(item, keyword + std::string(item.defines.front()));
         });
}

/// What members are, by name.
using Members = std::map<std::string_view, std::string>;

/// Adds those of one declaration, without its semicolon: the names that stand before one
/// of , [ : = and ) or at an end.
void add_members(std::span<const Token> tokens, Members& members) {
  std::size_t base = 0; // what all declarators of the declaration share
  while (base + 1 < tokens.size() && is_any_word(tokens[base]) &&
         (is_any_word(tokens[base + 1]) || tokens[base + 1].text == "*"))
    ++base;
  const std::string shared = text_of_tokens(tokens.first(base));
  for (std::size_t at = base; at < tokens.size();) {
    std::size_t end = at;
    for (int depth = 0; end < tokens.size() && (depth > 0 || tokens[end].text != ",");)
      depth += opens(tokens[end]) - closes(tokens[end]), ++end;
    const auto part = tokens.subspan(at, end - at);
    for (std::size_t i = 0; i < part.size(); ++i)
      if (is_identifier(part[i]) &&
          (i + 1 == part.size() ||
           (part[i + 1].text.size() == 1 &&
            std::string_view(",[:=)").find(part[i + 1].text) != std::string_view::npos)))
        members[part[i].text] += shared + text_of_tokens(part);
    at = end + 1;
  }
}

Members members_of(const SourceItem& type) {
  std::vector<Token> tokens = tokens_of(type.text);
  std::erase_if(tokens, [](const Token& token) { return token.in_directive; });
  Members members;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < tokens.size(); ++at)
    if (const std::string_view mark = tokens[at].text;
        mark == ";" || mark == "{" || mark == "}") {
      add_members(std::span(tokens).subspan(begin, at - begin), members);
      begin = at + 1;
    }
  return members;
}

/// The names that mean something else in one of the two items, or nothing.
Names difference(const SourceItem& one, const SourceItem& other) {
  const auto meanings = [](const SourceItem& item) {
    Members names = is_type(item) ? members_of(item) : Members();
    for (const std::string_view name : item.defines)
      names.emplace(name, "");
    return names;
  };
  const Members ours = meanings(one);
  const Members theirs = meanings(other);
  Names names;
  for (const auto& [some, others] : {std::pair(&ours, &theirs), {&theirs, &ours}})
    for (const auto& [name, meaning] : *some)
      if (const auto twin = others->find(name);
          twin == others->end() || twin->second != meaning)
        names.insert(name);
  return names;
}

/// The two texts of a header, item by item.
class TwoHeaders {
 public:
  TwoHeaders(std::string_view original, std::string_view patched)
      : original_(source_items(original)), patched_(source_items(patched)),
        text_(patched) {
    for (const SourceItem& item : original_)
      identities_.insert(item.identity);
  }

  /// False if it is not told apart what is to be put back.
  bool put_back_type(const std::string& type) {
    const auto found = std::ranges::find_if(
        patched_, [&](const SourceItem& item) { return defines_type(item, type); });
    return found != patched_.end() && twin_of(*found) && put_back(*found);
  }

  /// Puts back what needs the difference, until nothing does.
  bool put_back_users() {
    for (bool has_more = true; has_more;) {
      has_more = false;
      for (const SourceItem& item : patched_)
        if (!is_back(item) && !identities_.contains(item.identity) && is_user(item)) {
          if (!put_back(item))
            return false;
          has_more = true;
        }
    }
    return true;
  }

  std::string text() const {
    std::string text;
    std::size_t at = 0;
    for (const SourceItem& item : patched_) {
      const std::size_t begin = static_cast<std::size_t>(item.text.data() - text_.data());
      if (!is_back(item) || begin < at)
        continue; // or stands in one that is put back as a whole
      text += text_.substr(at, begin - at);
      if (const SourceItem* twin = twin_of(item))
        text += twin->text;
      at = begin + item.text.size();
    }
    return text += text_.substr(at);
  }

 private:
  /// What the item was, if there is exactly one candidate.
  const SourceItem* twin_of(const SourceItem& item) const {
    if (item.defines.empty())
      return nullptr;
    const auto is_twin = [&](const SourceItem& other) {
      return !other.defines.empty() && other.is_macro == item.is_macro &&
             other.defines.front() == item.defines.front() &&
             is_type(other) == is_type(item) && other.conditions == item.conditions;
    };
    const auto found = std::ranges::find_if(original_, is_twin);
    return found != original_.end() &&
                   std::find_if(found + 1, original_.end(), is_twin) == original_.end()
               ? &*found
               : nullptr;
  }

  /// Whether nothing of it was there under one of its names.
  bool is_new(const SourceItem& item) const {
    return !item.defines.empty() &&
           std::ranges::none_of(original_, [&](const auto& other) {
             return std::ranges::any_of(item.defines, [&](std::string_view name) {
               return std::ranges::count(other.defines, name) > 0;
             });
           });
  }

  bool put_back(const SourceItem& item) {
    const SourceItem* twin = twin_of(item);
    if (!twin && !is_new(item))
      return false;
    if (twin)
      differing_.merge(difference(*twin, item));
    else
      differing_.insert(item.defines.begin(), item.defines.end());
    back_.insert(item.text.data());
    return true;
  }

  bool is_back(const SourceItem& item) const { return back_.contains(item.text.data()); }

  bool speaks_of_difference(const SourceItem& item) const {
    return std::ranges::any_of(
        item.mentions, [&](std::string_view name) { return differing_.contains(name); });
  }

  bool is_user(const SourceItem& item) const {
    const SourceItem* twin = twin_of(item);
    return speaks_of_difference(item) || (twin && speaks_of_difference(*twin));
  }

  std::vector<SourceItem> original_;
  std::vector<SourceItem> patched_;
  std::string_view text_;
  std::set<std::string> identities_; ///< of the original
  Names differing_;
  std::set<const char*> back_; ///< where items begin that are put back
};

} // namespace

std::optional<std::string> without_types(std::string_view original,
                                         std::string_view patched,
                                         const std::set<std::string>& types) {
  TwoHeaders headers(original, patched);
  for (const std::string& type : types)
    if (!headers.put_back_type(type))
      return std::nullopt;
  if (!headers.put_back_users())
    return std::nullopt;
  return headers.text();
}

std::set<std::string> members_of_another_type(std::string_view original,
                                              std::string_view patched,
                                              const std::string& type) {
  const auto members_in = [&](const std::vector<SourceItem>& items) {
    Members members;
    for (const SourceItem& item : items)
      if (defines_type(item, type))
        for (const auto& [name, meaning] : members_of(item))
          members[name] += meaning;
    return members;
  };
  const std::vector<SourceItem> before = source_items(original);
  const std::vector<SourceItem> after = source_items(patched);
  const Members old = members_in(before);
  std::set<std::string> names;
  for (const auto& [name, meaning] : members_in(after))
    if (const auto twin = old.find(name); twin != old.end() && twin->second != meaning)
      names.emplace(name);
  return names;
}

bool changes_what_mentions(std::string_view original, std::string_view patched,
                           const std::set<std::string>& names) {
  const std::array items = {source_items(original), source_items(patched)};
  for (const std::size_t side : {0, 1}) {
    std::set<std::string_view> others;
    for (const SourceItem& item : items[1 - side])
      others.insert(item.identity);
    for (const SourceItem& item : items[side])
      if (!others.contains(item.identity) &&
          std::ranges::any_of(item.mentions, [&](std::string_view name) {
            return names.contains(std::string(name));
          }))
        return true;
  }
  return false;
}

} // namespace kpatch::patch
