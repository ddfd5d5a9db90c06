// SPDX-License-Identifier: GPL-2.0-or-later
//
// A static function under another name, with the very code of one that is gone, is that
// function: macros that make attributes from a name ask for such changes. What points to
// it means the same as before, so that tables in use need not change.
#include "diff/constants.h"
#include "diff/context.h"

#include <algorithm>
#include <map>

namespace kpatch::diff {

namespace {

/// What a function is made of, but for its name.
struct Body {
  Bytes code;
  std::vector<std::string> references;
  auto operator<=>(const Body&) const = default;
};

/// Sections of code of one kind: ".text." of ".text.show".
std::string kind_of(const Side& side, SymbolId id) {
  const std::string& section = side.section(side.home(id)).name;
  const std::string& name = side.symbol(id).name;
  return section.ends_with(name) ? section.substr(0, section.size() - name.size())
                                 : section;
}

Body body_of(const Side& side, SymbolId id) {
  const SectionId home = side.home(id);
  Body body{.code = side.section(home).data, .references = {kind_of(side, id)}};
  for (const elf::Relocation& reference : side.section(home).relocations) {
    const auto text = constant_target(side, home, reference);
    body.references.push_back(
        text ? fmt::format("{} {} {}", reference.offset, reference.type, *text)
             : fmt::format("{} {} {} {}", reference.offset, reference.type,
                           side.symbol(reference.symbol).name, reference.addend));
  }
  return body;
}

/// Static functions, each alone in its section, that the other side has none of.
std::map<Body, std::vector<SymbolId>> left_over(const Side& side) {
  std::map<Body, std::vector<SymbolId>> found;
  for (SymbolId id = 1; id < side.symbols.size(); ++id) {
    const elf::Symbol& symbol = side.symbol(id);
    const SymbolState& state = side.symbols[id];
    const SectionId home = side.home(id);
    if (symbol.is_function() && symbol.is_local() && home && !state.twin &&
        !state.is_prefix && !state.parent && side.children(id).empty() &&
        side.sections[home].bundled == id && !side.sections[home].twin &&
        !side.section(home).data.empty())
      found[body_of(side, id)].push_back(id);
  }
  return found;
}

} // namespace

void correlate_renamed_functions(Context& context) {
  const auto before = left_over(context.original);
  for (const auto& [body, now] : left_over(context.patched)) {
    const auto old = before.find(body);
    if (old == before.end() || old->second.size() != 1 || now.size() != 1)
      continue; // nothing, or nothing but the name, tells them apart
    const std::string name = context.patched.symbol(now[0]).name;
    const std::string& old_name = context.original.symbol(old->second[0]).name;
    note(context, NoteKind::kNotice, name,
         "{} is the {} of the original under another name", name, old_name);
    link_sections(context, context.original.home(old->second[0]),
                  context.patched.home(now[0]));
  }
}

} // namespace kpatch::diff
