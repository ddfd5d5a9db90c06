// SPDX-License-Identifier: GPL-2.0-or-later
//
// A variable under another name is a new one to the compiler: it would start with its
// first value, while what the running kernel keeps is in the old one. Lists would be
// empty and locks be taken twice. Where code of the unit is the same but for the name,
// the two are one; where all code that uses it has changed, nothing tells.
#include "diff/context.h"

#include <algorithm>
#include <map>
#include <set>

namespace kpatch::diff {

namespace {

/// A use of a variable that the other side has none of the name of.
struct Use {
  SectionId user;
  std::size_t index; ///< of the relocation
};

using Uses = std::map<SymbolId, std::vector<Use>>;

bool is_live(const elf::Section& section) {
  return (section.flags & SHF_WRITE) &&
         (section.name.starts_with(".data") || section.name.starts_with(".bss"));
}

/// ".data." of ".data.count". A first value that is no longer 0 does not tell two apart.
std::string kind_of_variable(const Side& side, SymbolId id) {
  const std::string& section = side.section(side.home(id)).name;
  const std::string& name = side.symbol(id).name;
  if (!section.ends_with("." + name))
    return section;
  const std::string kind = section.substr(0, section.size() - name.size());
  return kind == ".bss." ? ".data." : kind;
}

bool is_left_over(const Side& side, SymbolId id) {
  return side.symbol(id).is_object() && side.home(id) && !side.symbols[id].twin &&
         side.symbol(id).size > 0 && is_live(side.section(side.home(id))) &&
         !is_special_static(side, id);
}

Uses uses_of_left_over(const Side& side) {
  Uses uses;
  for (SectionId user = 1; user < side.sections.size(); ++user) {
    if (!(side.section(user).flags & SHF_ALLOC))
      continue;
    const auto& relocations = side.section(user).relocations;
    for (std::size_t i = 0; i < relocations.size(); ++i)
      if (is_left_over(side, relocations[i].symbol))
        uses[relocations[i].symbol].push_back({user, i});
  }
  return uses;
}

class Renaming {
 public:
  explicit Renaming(Context& context)
      : context_(context), before_(uses_of_left_over(context.original)),
        now_(uses_of_left_over(context.patched)) {}

  void run() {
    std::map<SymbolId, SymbolId> renamed; ///< original to patched
    std::map<SymbolId, int> claims;       ///< how often each patched one is meant
    for (const auto& [old, uses] : before_) {
      const std::set<SymbolId> candidates = candidates_for(old);
      if (candidates.empty())
        continue;
      if (const SymbolId id = established(old, candidates); id && claims[id]++ == 0)
        renamed.emplace(old, id);
      else
        refuse(old, *candidates.begin());
    }
    for (const auto& [old, id] : renamed)
      link(old, id);
  }

 private:
  const Side& original() const { return context_.original; }
  const Side& patched() const { return context_.patched; }

  bool look_alike(SymbolId old, SymbolId id) const {
    return original().symbol(old).size == patched().symbol(id).size &&
           kind_of_variable(original(), old) == kind_of_variable(patched(), id);
  }

  /// The variables of these looks that a function uses now which used the old one.
  std::set<SymbolId> candidates_for(SymbolId old) const {
    std::set<SymbolId> found;
    for (const auto& [id, uses] : now_)
      if (look_alike(old, id) && std::ranges::any_of(uses, [&](const Use& use) {
            const SectionId twin = patched().sections[use.user].twin;
            return twin && std::ranges::any_of(before_.at(old), [&](const Use& earlier) {
                     return earlier.user == twin;
                   });
          }))
        found.insert(id);
    return found;
  }

  /// The only one whose name is all that differs in some code.
  SymbolId established(SymbolId old, const std::set<SymbolId>& candidates) const {
    std::set<SymbolId> found;
    for (const Use& use : before_.at(old))
      if (const SectionId user = original().sections[use.user].twin;
          user && differs_in_names_only(use.user, user))
        found.insert(patched().section(user).relocations[use.index].symbol);
    return found.size() == 1 && candidates.size() == 1 && found == candidates
               ? *found.begin()
               : kNoSymbol;
  }

  bool differs_in_names_only(SectionId before, SectionId now) const {
    const elf::Section& theirs = original().section(before);
    const elf::Section& ours = patched().section(now);
    return ours.data == theirs.data &&
           std::ranges::equal(ours.relocations, theirs.relocations,
                              [&](const elf::Relocation& a, const elf::Relocation& b) {
                                return refers_to_same(context_, now, a, b) ||
                                       is_one_renamed(a, b);
                              });
  }

  bool is_one_renamed(const elf::Relocation& now, const elf::Relocation& before) const {
    return now.offset == before.offset && now.type == before.type &&
           now.addend == before.addend && now_.contains(now.symbol) &&
           before_.contains(before.symbol) && look_alike(before.symbol, now.symbol);
  }

  void refuse(SymbolId old, SymbolId id) {
    const std::string& name = patched().symbol(id).name;
    add_problem(context_, code::kLostStaticLocal, name,
                fmt::format("variable {} is gone and {} is new: if it is the same under "
                            "another name, it would lose what the kernel keeps in it",
                            original().symbol(old).name, name),
                "Leave its name as it is. If the new one is another variable, keep the "
                "old one beside it, marked __used.");
  }

  void link(SymbolId old, SymbolId id) {
    const SectionId old_home = original().home(old);
    const SectionId home = patched().home(id);
    const bool is_bundled = original().sections[old_home].bundled == old;
    if (original().section(old_home).type != patched().section(home).type ||
        is_bundled != (patched().sections[home].bundled == id) ||
        (!is_bundled && original().sections[old_home].twin != home))
      return refuse(old, id);
    note(context_, NoteKind::kNotice, patched().symbol(id).name,
         "{} is the {} of the original under another name", patched().symbol(id).name,
         original().symbol(old).name);
    if (is_bundled)
      link_sections(context_, old_home, home);
    else
      link_symbols(context_, old, id);
  }

  Context& context_;
  Uses before_;
  Uses now_;
};

} // namespace

void correlate_renamed_variables(Context& context) {
  Renaming(context).run();
}

} // namespace kpatch::diff
