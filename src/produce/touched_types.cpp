// SPDX-License-Identifier: GPL-2.0-or-later
//
// Units are compiled without debug information, so what a patch does to the layout of a
// type is not in their objects. Compiling once more for it is worth while only if the
// patch changes the definition of a type, and that can be seen from the text: comments
// and spaces aside, "struct name {" up to its closing brace reads otherwise than before.
#include "produce/touched_types.h"

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "kernel/dwarf_facts.h"

#include <array>
#include <cctype>
#include <map>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/// Where the comment or literal that begins at `at` ends; `at` if none begins there.
std::size_t end_of_aside(std::string_view text, std::size_t at) {
  const auto past = [&](std::string_view end, std::size_t from) {
    const std::size_t found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  if (text.substr(at).starts_with("/*"))
    return past("*/", at + 2);
  if (text.substr(at).starts_with("//"))
    return past("\n", at);
  if (text[at] != '"' && text[at] != '\'')
    return at;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != text[at] && text[end] != '\n')
    end += text[end] == '\\' ? 2 : 1;
  return std::min(end + 1, text.size());
}

/// The words and signs of a C text; comments and literals left out.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t aside = end_of_aside(text, at);
    if (aside != at) {
      at = aside;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_word(text[end]))
      ++end;
    if (end == at && !std::isspace(static_cast<unsigned char>(text[at])))
      end = at + 1;
    if (end > at)
      words.push_back(text.substr(at, end - at));
    at = std::max(end, at + 1);
  }
  return words;
}

/// The words between the braces of each definition, by the type's name.
std::map<std::string, std::string> definitions(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if ((words[i] != "struct" && words[i] != "union") || !is_word(words[i + 1][0]) ||
        words[i + 2] != "{")
      continue;
    std::string& body = found[fmt::format("{} {}", words[i], words[i + 1])];
    int depth = 0;
    for (std::size_t at = i + 2; at < words.size(); ++at) {
      depth += (words[at] == "{") - (words[at] == "}");
      if (depth == 0)
        break;
      body.append(words[at]) += ' ';
    }
  }
  return found;
}

} // namespace

std::set<std::string> types_defined_differently(std::string_view original,
                                                std::string_view patched) {
  const std::map<std::string, std::string> after = definitions(patched);
  std::set<std::string> names;
  for (const auto& [name, body] : definitions(original))
    if (const auto twin = after.find(name); twin != after.end() && twin->second != body)
      names.insert(name);
  return names;
}

std::set<std::string> touched_types(const patch::PatchedView& view,
                                    std::span<const patch::TouchedFile> touched) {
  std::set<std::string> names;
  for (const patch::TouchedFile& file : touched)
    if (file.was_there && file.is_there)
      names.merge(types_defined_differently(read_text(view.pristine() / file.path),
                                            read_text(view.root() / file.path)));
  return names;
}

TypesOfUnit types_of_unit(const compile::Workshop& shop, const patch::PatchedView& view,
                          const std::string& unit, const std::set<std::string>& wanted) {
  compile::UnitCommand command = compile::unit_command(shop, unit);
  command.objtool.clear();
  command.compiler.emplace_back("-g");
  compile::Workshop apart = shop;
  apart.work = shop.work / "types";
  fs::create_directories(apart.work);
  const fs::path build_tree = compile::build_tree_for(apart, command);
  const std::array<fs::path, 2> trees = {view.pristine(), view.root()};
  std::array<kernel::TypeLayouts, 2> layouts;
  for_each_in_parallel(2, shop.jobs, [&](std::size_t side) {
    const fs::path object = apart.work / std::to_string(side) / "unit.o";
    const compile::Compiled compiled =
        compile::compile(apart, {.command = command,
                                 .source_tree = trees[side],
                                 .build_tree = build_tree,
                                 .object = object,
                                 .with_debug = true});
    if (!compiled.ok)
      fail("{}: does not compile with debug information\n{}", unit, compiled.messages);
    layouts[side] = kernel::read_type_layouts(object, wanted);
  });
  return {std::move(layouts[0]), std::move(layouts[1])};
}

} // namespace kpatch::produce
