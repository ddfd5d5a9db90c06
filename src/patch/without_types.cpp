// SPDX-License-Identifier: GPL-2.0-or-later
//
// An update changes a header for many reasons at once: a field here, a prototype there, a
// macro for a third file. If the field cannot be patched live, the rest of the header
// need not go with it. What goes is what speaks of the difference: items of the header in
// which a name stands that only one of the two definitions of the type declares, and in
// turn those that name what has come with these.
#include "patch/without_types.h"

#include "patch/c_lexer.h"
#include "patch/item_tokens.h"
#include "patch/source_items.h"

#include <algorithm>
#include <array>
#include <iterator>
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

bool is_type(const SourceItem& item) {
  return !item.defines.empty() &&
         std::ranges::any_of(std::array{"struct ", "union "}, [&](const char* keyword) {
           return defines_type(item, keyword + std::string(item.defines.front()));
         });
}

/// Names that stand where members are declared: before one of ; , [ : = and ).
Names declared_in(std::string_view text) {
  const std::vector<Token> tokens = tokens_of(text);
  Names names;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
    if (is_identifier(tokens[i]) && tokens[i + 1].text.size() == 1 &&
        std::string_view(";,[:=)").find(tokens[i + 1].text) != std::string_view::npos)
      names.insert(tokens[i].text);
  return names;
}

/// What only one of the two declares or defines.
Names difference(const SourceItem& one, const SourceItem& other) {
  const auto names_of = [](const SourceItem& item) {
    Names names(item.defines.begin(), item.defines.end());
    if (is_type(item))
      names.merge(declared_in(item.text));
    return names;
  };
  const Names ours = names_of(one);
  const Names theirs = names_of(other);
  Names names;
  std::ranges::set_symmetric_difference(ours, theirs, std::inserter(names, names.end()));
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

} // namespace kpatch::patch
