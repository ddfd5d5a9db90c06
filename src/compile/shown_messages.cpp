// SPDX-License-Identifier: GPL-2.0-or-later
//
// The `#line` directives by which moved lines keep their numbers are nothing that users
// know of. A compiler that complains prints a line of the file, which it looks up by the
// number that the directive gave; that is another one:
//
//   fs/x.c:16:16: error: 'nothing' undeclared       line 19 of the patched file
//      16 |         seq_puts(m, "other");            line 16 of it
//
// So a unit that the compiler has complained of is compiled once more, from a view of the
// view in which the files of the patch are as the patch made them, for the messages
// alone.
#include "compile/shown_messages.h"

#include "base/files.h"
#include "base/parallel.h"

#include <vector>

namespace kpatch::compile {
namespace fs = std::filesystem;

namespace {

std::string messages_of(const Workshop& shop, const patch::PatchedView& plain,
                        const std::string& unit) {
  UnitCommand command = unit_command(shop, unit);
  command.objtool.clear();
  const bool is_in_source = shop.target.source == shop.target.objects;
  const fs::path build_tree = build_tree_for(shop, command);
  return compile(shop, {.command = command,
                        .source_tree = plain.root(),
                        .build_tree = is_in_source ? plain.root() : build_tree,
                        .object = shop.work / unit / "unit.o"})
      .messages;
}

} // namespace

std::string remedy_for_errors(std::string_view messages) {
  for (const std::string_view orphaned :
       {"[-Werror=unused-", "[-Werror=unneeded-internal-declaration]"})
    if (messages.find(orphaned) != std::string_view::npos)
      return "the patch takes the last user of something away: remove its definition in "
             "the patch as well, or mark it __maybe_unused there";
  return {};
}

void retell_messages(const Workshop& shop, const patch::PatchedView& view,
                     const PatchedTexts& texts, std::span<UnitObjects> units) {
  std::vector<UnitObjects*> wanted;
  for (UnitObjects& unit : units)
    if (!unit.failure && !unit.patched_side.messages.empty())
      wanted.push_back(&unit);
  if (wanted.empty() || texts.empty())
    return;
  // A build compiles in several turns, each with its own view.
  const TempDir work("messages.", shop.work);
  Workshop apart = shop;
  apart.work = work.path();
  patch::PatchedView plain(view.root(), apart.work / "source");
  for (const auto& [path, text] : texts)
    write_file(plain.own_file(path), text);
  for (const UnitObjects* unit : wanted)
    if (const fs::path directory = fs::path(unit->unit).parent_path(); !directory.empty())
      plain.own_directory(directory.native());
  for_each_in_parallel(wanted.size(), shop.jobs, [&](std::size_t i) {
    const std::string told = messages_of(apart, plain, wanted[i]->unit);
    if (!told.empty())
      wanted[i]->patched_side.messages = told;
  });
}

} // namespace kpatch::compile
