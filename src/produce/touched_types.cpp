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
#include "base/text.h"
#include "kernel/dwarf_facts.h"
#include "patch/c_lexer.h"
#include "patch/source_items.h"

#include <algorithm>
#include <array>
#include <map>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

using patch::Token;
using patch::TokenKind;

/// What stands between the braces of each definition, by the type's name.
std::map<std::string, std::string> definitions(std::string_view text) {
  std::vector<Token> tokens = patch::tokens_of(text);
  std::erase_if(tokens, [](const Token& token) {
    return token.kind == TokenKind::kLiteral; // of an attribute
  });
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    if ((tokens[i].text != "struct" && tokens[i].text != "union") ||
        tokens[i + 1].kind != TokenKind::kIdentifier || tokens[i + 2].text != "{")
      continue;
    std::string& body = found[fmt::format("{} {}", tokens[i].text, tokens[i + 1].text)];
    int depth = 0;
    for (std::size_t at = i + 2; at < tokens.size(); ++at) {
      depth += (tokens[at].text == "{") - (tokens[at].text == "}");
      if (depth == 0)
        break;
      body.append(tokens[at].text) += ' ';
    }
  }
  return found;
}

/// "file" of "struct file".
std::string_view name_alone(std::string_view type) {
  return type.substr(type.find(' ') + 1);
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

bool is_kept_in(std::string_view header, const std::string& type) {
  const std::string_view name = name_alone(type);
  return std::ranges::any_of(
      patch::source_items(header), [&](const patch::SourceItem& item) {
        const auto count = [&](std::string_view token) {
          return std::ranges::count(lines_of(item.identity), token);
        };
        const bool is_own = std::ranges::count(item.defines, name) > 0;
        const bool is_declaration =
            item.defines.empty() || (count("(") > 0 && !count("{") && !count("typedef"));
        // Its parameters and variables end with it, those of one word "static" aside.
        const bool is_function =
            (count("inline") || count("__always_inline")) && count("static") < 2;
        return std::ranges::count(item.mentions, name) > 0 && !is_own && !item.is_macro &&
               !is_declaration && !is_function;
      });
}

std::set<std::string> names_of_type(std::string_view header, const std::string& type) {
  const std::vector<patch::SourceItem> items = patch::source_items(header);
  std::set<std::string> names{std::string(name_alone(type))};
  for (std::size_t known = 0; known != names.size();) {
    known = names.size();
    for (const patch::SourceItem& item : items)
      if (item.is_macro && std::ranges::any_of(item.mentions, [&](std::string_view word) {
            return names.contains(std::string(word));
          }))
        names.insert(item.defines.begin(), item.defines.end());
  }
  return names;
}

std::map<std::string, std::set<std::string>>
touched_types(const patch::PatchedView& view,
              std::span<const patch::TouchedFile> touched) {
  std::map<std::string, std::set<std::string>> names;
  for (const patch::TouchedFile& file : touched)
    if (file.was_there && file.is_there)
      if (auto types = types_defined_differently(read_text(view.pristine() / file.path),
                                                 read_text(view.root() / file.path));
          !types.empty())
        names[file.path] = std::move(types);
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
