// SPDX-License-Identifier: GPL-2.0-or-later
//
// An image says which function lies where, but not of which unit it is: there are no FILE
// symbols in it. The source says so: few files have a function's name at all, and fewer
// define it. Whether such a unit has the function that is meant shows when it is
// compiled.
#include "patch/defining_units.h"

#include "base/files.h"
#include "base/parallel.h"
#include "base/text.h"
#include "patch/source_items.h"
#include "patch/vocabulary.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace kpatch::patch {

namespace {

/// Shorter ones are too common to tell anything.
constexpr std::size_t kShortestPart = 4;

/// What a macro may have been given to make that name: ends of it, cut between words.
std::set<std::string> parts_of(const std::string& name) {
  std::set<std::string> parts;
  for (const std::size_t border : word_borders(name))
    for (std::string part : {name.substr(0, border), name.substr(border)}) {
      const std::size_t begin = part.find_first_not_of('_');
      if (begin == std::string::npos)
        continue;
      part = part.substr(begin, part.find_last_not_of('_') + 1 - begin);
      if (part.size() >= kShortestPart && part != name)
        parts.insert(part);
    }
  return parts;
}

bool is_of_identifiers(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

/// The identifiers of a text that are among the wanted. Much faster than reading tokens,
/// and finds those in comments too.
template <typename Wanted, typename Found>
void find_words(std::string_view text, const Wanted& wanted, Found found) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_of_identifiers(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && is_of_identifiers(text[at]))
      ++at;
    if (const auto word = wanted.find(text.substr(begin, at - begin));
        word != wanted.end())
      found(word->second);
  }
}

/// `SYSCALL_DEFINE1(close, ...) { ... }` looks like a function of that name.
bool is_named_as_macro(std::string_view name) {
  return std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
}

/// Functions by what a source that defines them has in it.
using Marks = std::unordered_map<std::string_view, std::vector<std::string_view>>;

/// Keeps what the marks view.
class Wanted {
 public:
  explicit Wanted(const std::set<std::string>& functions) {
    for (const std::string& function : functions) {
      marks_[function].push_back(function);
      parts_.push_back(parts_of(function));
    }
    std::size_t i = 0;
    for (const std::string& function : functions)
      for (const std::string& part : parts_[i++])
        marks_[part].push_back(function);
  }

  Definitions find_in(std::string_view text) const {
    bool is_any = false;
    find_words(text, marks_, [&](const auto&) { is_any = true; });
    Definitions result;
    if (!is_any)
      return result;
    for (const SourceItem& item : source_items(text)) {
      add(item.defines, true, result.by_name);
      add(item.defines_made_of, false, result.by_macro);
      if (std::ranges::any_of(item.defines, is_named_as_macro))
        add(item.mentions, false, result.by_macro);
    }
    return result;
  }

 private:
  void add(const std::vector<std::string_view>& names, bool whole,
           std::set<std::string>& to) const {
    for (const std::string_view name : names)
      if (const auto mark = marks_.find(name); mark != marks_.end())
        for (const std::string_view function : mark->second)
          if (!whole || function == name)
            to.emplace(function);
  }

  Marks marks_;
  std::vector<std::set<std::string>> parts_;
};

std::string source_text(const kernel::Target& target, const std::string& path) {
  if (auto text = read_text_if_exists(target.source / path))
    return std::move(*text);
  return read_text_if_exists(target.objects / path).value_or("");
}

using Places = std::map<std::string, std::set<std::string>>;

/// Files that may define each function.
struct PlacesOf {
  Places by_name;
  Places by_macro;
};

PlacesOf files_defining(const kernel::Target& target,
                        const std::vector<std::string>& files,
                        const std::set<std::string>& functions, unsigned jobs) {
  const Wanted wanted(functions);
  std::mutex mutex;
  PlacesOf places;
  for_each_in_parallel(files.size(), jobs, [&](std::size_t i) {
    const Definitions found = wanted.find_in(source_text(target, files[i]));
    const std::scoped_lock alone(mutex);
    for (const std::string& function : found.by_name)
      places.by_name[function].insert(files[i]);
    for (const std::string& function : found.by_macro)
      places.by_macro[function].insert(files[i]);
  });
  return places;
}

} // namespace

Definitions definitions_in(std::string_view text,
                           const std::set<std::string>& functions) {
  return Wanted(functions).find_in(text);
}

std::map<std::string, std::set<std::string>>
units_defining(const kernel::Target& target, const IncludeIndex& includes,
               std::string_view owner, const std::set<std::string>& functions,
               unsigned jobs) {
  const std::vector<std::string> units = target.units.units_of(owner);
  PlacesOf in_units = files_defining(target, units, functions, jobs);
  Places found = std::move(in_units.by_name);
  std::set<std::string> others;
  for (const std::string& function : functions)
    if (!found.contains(function))
      others.insert(function);
  if (others.empty())
    return found;
  const std::set<std::string> own(units.begin(), units.end());
  std::vector<std::string> included;
  for (IncludeIndex::FileId file = 0; file < includes.size(); ++file)
    if (!own.contains(includes.path(file)))
      included.push_back(includes.path(file));
  const auto add_users_of = [&](const Places& places, const std::string& function) {
    const auto files = places.find(function);
    if (files == places.end())
      return;
    for (const std::string& file : files->second)
      for (const IncludeIndex::FileId user : includes.reaching(*includes.find(file)))
        if (own.contains(includes.path(user)))
          found[function].insert(includes.path(user));
  };
  const PlacesOf in_included = files_defining(target, included, others, jobs);
  for (const std::string& function : others) {
    add_users_of(in_included.by_name, function);
    if (const auto macros = in_units.by_macro.find(function);
        macros != in_units.by_macro.end())
      found[function].merge(macros->second);
    if (!found.contains(function))
      add_users_of(in_included.by_macro, function);
  }
  return found;
}

std::set<std::string> units_naming(const kernel::Target& target,
                                   const std::set<std::string>& units,
                                   const std::string& function) {
  const std::unordered_map<std::string_view, int> wanted{{function, 0}};
  std::set<std::string> naming;
  for (const std::string& unit : units)
    find_words(source_text(target, unit), wanted,
               [&](const auto&) { naming.insert(unit); });
  return naming;
}

} // namespace kpatch::patch
