// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two functions may have a static variable of one name and size each, and when both are
// inlined into a third one, or one into the place of the other, who uses a variable no
// longer tells whose it is. Debug information does: it knows in which function each
// variable is declared.
//
// It costs as much as all else that the compiler does, and most units have such variables
// that nothing has happened to. Where each has one twin, every user of a variable uses
// its twin, and no user's code has changed, whatever was inlined does the same with them,
// and there is nothing to ask. The numbers in their names say nothing: gcc counts in the
// order in which it comes to name them.
#include "diff/static_locals.h"
#include "special/names.h"

#include <algorithm>
#include <unordered_set>

namespace kpatch::diff {

namespace {

/// Variables that could be one another, of both sides.
struct Crowd {
  std::vector<SymbolId> before;
  std::vector<SymbolId> now;
};

bool is_written(const Side& side, SymbolId id) {
  return side.home(id) && (side.section(side.home(id)).flags & SHF_WRITE);
}

/// Those of which there are several.
std::vector<Crowd> crowds(const Context& context) {
  std::map<std::string, Crowd> by_looks;
  const auto gather = [&](const Side& side, std::vector<SymbolId> Crowd::*ids) {
    for (SymbolId id = 1; id < side.symbols.size(); ++id)
      if (is_static_local(side, id) && is_written(side, id))
        (by_looks[looks_of(side, id)].*ids).push_back(id);
  };
  gather(context.original, &Crowd::before);
  gather(context.patched, &Crowd::now);
  std::vector<Crowd> result;
  for (auto& [looks, crowd] : by_looks)
    if (!crowd.before.empty() && std::max(crowd.before.size(), crowd.now.size()) > 1)
      result.push_back(std::move(crowd));
  return result;
}

/// In the order in which each function declares them.
using ByFunction = std::map<std::string, std::vector<std::pair<int, SymbolId>>>;

ByFunction by_function(const Side& side, const std::vector<SymbolId>& ids) {
  ByFunction result;
  for (const SymbolId id : ids)
    if (const auto found =
            side.debug_info()->find_variable(side.home(id), side.symbol(id).value);
        found && !found->function.empty())
      result[found->function].emplace_back(found->declared.line, id);
  for (auto& [function, variables] : result)
    std::ranges::sort(variables);
  return result;
}

void pair_up(Context& context, const Crowd& crowd, const LinkLocal& link) {
  const ByFunction before = by_function(context.original, crowd.before);
  for (const auto& [function, now] : by_function(context.patched, crowd.now)) {
    const auto found = before.find(function);
    if (found == before.end())
      continue;
    const auto& old = found->second;
    if (old.size() == now.size()) {
      for (std::size_t i = 0; i < now.size(); ++i)
        link(old[i].second, now[i].second);
      continue;
    }
    const std::string name(
        special::name_key(context.original.symbol(old[0].second).name));
    add_problem(
        context, code::kLostStaticLocal, name,
        fmt::format("{} had {} static variable(s) {} of this size and now has {}: "
                    "which of them the kernel has already is unclear",
                    function, old.size(), name, now.size()),
        "Give the variable that is new another name; keep the one that is no "
        "longer used, marked __used.");
  }
}

/// Whether each has a twin among those of the other side.
bool are_paired(const Context& context, const Crowd& crowd) {
  return crowd.before.size() == crowd.now.size() &&
         std::ranges::all_of(crowd.before, [&](SymbolId id) {
           return context.original.symbols[id].twin != kNoSymbol;
         });
}

/// Whether what refers to one of these has a twin with the same code.
bool have_same_users(const Side& side, const Side& other,
                     const std::unordered_set<SymbolId>& variables) {
  const auto is_one = [&](const elf::Relocation& relocation) {
    const elf::Relocation* target = side.through_toc(relocation).relocation;
    return target && variables.contains(target->symbol);
  };
  for (SectionId id = 1; id < side.sections.size(); ++id) {
    const elf::Section& user = side.section(id);
    if (special::is_debug_section(user.name) ||
        std::ranges::none_of(user.relocations, is_one))
      continue;
    const SectionId twin = side.sections[id].twin;
    if (!twin || !std::ranges::equal(user.data, other.section(twin).data))
      return false;
  }
  return true;
}

} // namespace

void pair_declared_locals(Context& context, const LinkLocal& link) {
  if (!context.original.debug_info() || !context.patched.debug_info())
    return;
  for (const Crowd& crowd : crowds(context))
    pair_up(context, crowd, link);
}

bool are_told_apart_by_use(const Context& context) {
  std::unordered_set<SymbolId> before;
  std::unordered_set<SymbolId> now;
  for (const Crowd& crowd : crowds(context)) {
    if (!are_paired(context, crowd))
      return false;
    before.insert(crowd.before.begin(), crowd.before.end());
    now.insert(crowd.now.begin(), crowd.now.end());
  }
  return before.empty() || (have_same_users(context.original, context.patched, before) &&
                            have_same_users(context.patched, context.original, now));
}

} // namespace kpatch::diff
