// SPDX-License-Identifier: GPL-2.0-or-later
//
// make runs what it reads: $(shell ...) in any line, `!=`, recipes; and what is included
// or put into flags can run things too (-fplugin, -specs). A patch is text of somebody
// else's, so its lines are judged before make sees them, by what is allowed:
//
//   obj-$(CONFIG_X) += new.o sub/ $(new-y)     lists
//   CFLAGS_new.o := -I$(src) -DX=1             settings of objects that the patch makes
//
// A "$" may begin nothing but the name of a variable of these kinds; that holds for what
// looks like a comment, too, for make has its own rules for "#" and "\\".
#include "patch/makefile_judge.h"

#include "base/text.h"
#include "patch/makefile_lines.h"
#include "patch/patch_dialect.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace kpatch::patch {

namespace {

constexpr std::string_view kPlaces[] = {"src", "obj", "srctree", "objtree"};
constexpr std::string_view kListEnds[] = {"-y", "-m", "-objs"};
constexpr std::string_view kFlagLists[] = {"ccflags-y", "asflags-y", "subdir-ccflags-y",
                                           "subdir-asflags-y"};
/// How flags begin that neither run nor load nor write anything.
constexpr std::string_view kFlagStarts[] = {"-I", "-D", "-U", "-W",
                                            "-O", "-f", "-m", "-std=gnu"};
constexpr std::string_view kSubst = "subst m,y,$(CONFIG_";

bool is_name(std::string_view text) {
  return !text.empty() && is_plain(text, "_.-");
}

bool is_variable(std::string_view name) {
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  return is_name(name) && (name.starts_with("CONFIG_") ||
                           std::ranges::find(kPlaces, name) != std::end(kPlaces) ||
                           std::ranges::any_of(kListEnds, ends));
}

/// Takes "$(NAME)", "$(CONFIG_X:m=y)" or "$(subst m,y,$(CONFIG_X))" off the front.
bool take_reference(std::string_view& text) {
  if (!text.starts_with("$("))
    return false;
  std::string_view inner = text.substr(2);
  std::size_t length = 2;
  const bool substitutes = inner.starts_with(kSubst);
  if (substitutes) {
    const std::size_t before = kSubst.size() - std::string_view("CONFIG_").size();
    inner.remove_prefix(before);
    length += before;
  }
  const std::size_t end = inner.find(')');
  if (end == inner.npos || (substitutes && !inner.substr(end + 1).starts_with(')')))
    return false;
  std::string_view name = inner.substr(0, end);
  if (name.starts_with("CONFIG_") && name.ends_with(":m=y"))
    name.remove_suffix(std::string_view(":m=y").size());
  if (!is_variable(name))
    return false;
  text.remove_prefix(length + end + (substitutes ? 2 : 1));
  return true;
}

/// The text without the references in it; nothing if a "$" begins something else.
std::optional<std::string> without_references(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    if (text[0] != '$') {
      plain += text[0];
      text.remove_prefix(1);
    } else if (!take_reference(text)) {
      return std::nullopt;
    }
  }
  return plain;
}

bool is_object(const std::string& word) {
  const auto plain = without_references(word);
  if (!plain || !is_plain_name(*plain) || word.starts_with('/'))
    return false;
  if (plain->empty())
    return true; // $(new-y)
  // A folder elsewhere has a makefile that nobody has judged.
  return word.ends_with(".o") ||
         (word.ends_with('/') && word.find("..") == std::string::npos);
}

bool is_flag(const std::string& word) {
  const auto plain = without_references(word);
  if (!plain)
    return false;
  if (*plain == "y" || *plain == "n" || plain->empty())
    return true;
  const bool starts = std::ranges::any_of(
      kFlagStarts, [&](std::string_view start) { return plain->starts_with(start); });
  const bool takes_a_path = plain->starts_with("-I") || plain->starts_with("-D");
  std::string shown = *plain;
  std::erase(shown, '=');
  const bool is_option_with_value = plain->find('=') != plain->npos;
  return starts && is_plain_name(shown) && shown.find(',') == shown.npos &&
         plain->find("plugin") == plain->npos &&
         (takes_a_path || shown.find('/') == shown.npos) &&
         !(plain->starts_with("-f") && is_option_with_value);
}

bool is_list(const Assignment& assignment) {
  const auto plain = without_references(assignment.name);
  if (!plain || !is_name(*plain) || assignment.name.starts_with('$'))
    return false;
  const auto ends = [&](std::string_view end) { return assignment.name.ends_with(end); };
  const bool by_option = plain->ends_with('-') && *plain != assignment.name;
  return (by_option || std::ranges::any_of(kListEnds, ends)) &&
         std::ranges::all_of(words_of(assignment.value), is_object);
}

bool is_setting(const Assignment& assignment,
                const std::set<std::string, std::less<>>& made) {
  const auto is_of = [&](const std::string& object) {
    return assignment.name.ends_with("_" + object);
  };
  return is_name(assignment.name) && std::ranges::any_of(made, is_of) &&
         std::ranges::all_of(words_of(assignment.value), is_flag);
}

bool is_flag_list(const Assignment& assignment) {
  return std::ranges::find(kFlagLists, assignment.name) != std::end(kFlagLists) &&
         std::ranges::all_of(words_of(assignment.value), is_flag);
}

std::vector<std::string> raw_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    lines.emplace_back(line);
  }
  return lines;
}

/// The lines that one side has more often than the other.
std::vector<std::string> differing(const std::vector<std::string>& original,
                                   const std::vector<std::string>& patched,
                                   bool removed_too) {
  std::map<std::string, int> surplus;
  for (const std::string& line : patched)
    ++surplus[line];
  for (const std::string& line : original)
    --surplus[line];
  std::vector<std::string> lines;
  for (const auto& [line, count] : surplus)
    if (count > 0 || (removed_too && count < 0))
      lines.push_back(line);
  return lines;
}

} // namespace

std::string line_to_refuse(std::string_view original, std::string_view patched,
                           const std::set<std::string, std::less<>>& made) {
  for (const std::string& line :
       differing(raw_lines(original), raw_lines(patched), false))
    if (!without_references(line) ||
        std::ranges::any_of(line, [](unsigned char c) { return c < ' ' && c != '\t'; }))
      return line;
  for (const std::string& line :
       differing(logical_lines(original), logical_lines(patched), true)) {
    const auto assignment = parse_assignment(line);
    if (!assignment || !(is_list(*assignment) || is_setting(*assignment, made) ||
                         (original.empty() && is_flag_list(*assignment))))
      return line;
  }
  return {};
}

} // namespace kpatch::patch
