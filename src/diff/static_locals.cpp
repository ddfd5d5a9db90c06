// SPDX-License-Identifier: GPL-2.0-or-later
//
// Static variables of function bodies are called name.N, and N is a counter over the
// whole unit: a variable added or inlined anywhere shifts them all, and one unit may have
// many that share a name
// (`mutex.0`, `mutex.1`, ...). What tells them apart is who uses them. So the twins that
// names gave them are undone, and redone by use: wherever the original refers to such a
// variable, the twin of the referring section (or a piece split off it) refers to the
// variable's twin.
#include "diff/static_locals.h"

#include "base/error.h"
#include "special/names.h"

#include <set>
#include <unordered_map>
#include <unordered_set>

namespace kpatch::diff {

namespace {

/// The variable a relocation refers to, if it is a static local.
SymbolId static_local_of(const Side& side, const elf::Relocation* relocation) {
  if (!relocation || !is_static_local(side, relocation->symbol))
    return kNoSymbol;
  return relocation->symbol;
}

void unlink_static_locals(Context& context) {
  Side& original = context.original;
  Side& patched = context.patched;
  const auto unlink_symbol = [&](SymbolId id) {
    if (const SymbolId twin = original.symbols[id].twin)
      patched.symbols[twin].twin = kNoSymbol;
    original.symbols[id].twin = kNoSymbol;
  };
  for (SymbolId id = 1; id < original.symbols.size(); ++id) {
    if (!is_static_local(original, id))
      continue;
    unlink_symbol(id);
    const SectionId home = original.home(id);
    if (!home || original.sections[home].bundled != id || !original.sections[home].twin)
      continue;
    SectionState& twin = patched.sections[original.sections[home].twin];
    twin.twin = kNoSection;
    twin.content = twin.relocations = Status::kNew;
    original.sections[home].twin = kNoSection;
    if (original.sections[home].section_symbol)
      unlink_symbol(original.sections[home].section_symbol);
  }
}

/// Variables of the same looks, in order; those that have got a twin leave from the
/// front.
struct Namesakes {
  std::vector<SymbolId> ids;
  std::size_t head = 0;
};
using ByLooks = std::unordered_map<std::string, Namesakes>;

/// What a patched section refers to.
struct References {
  std::unordered_set<SymbolId> all;            ///< directly
  std::unordered_set<SymbolId> variables_seen; ///< through .toc, too
  ByLooks variables;                           ///< the same, in order of first use
};

class Matcher {
 public:
  explicit Matcher(Context& context)
      : context_(context), original_(context.original), patched_(context.patched) {}

  void match() {
    for_each_use([&](SectionId base, const elf::Relocation& relocation) {
      const SymbolId local =
          static_local_of(original_, original_.through_toc(relocation).relocation);
      if (local && !original_.symbols[local].twin && !is_self_reference(base, local))
        match_use(base, local);
    });
    match_moved_ones();
  }

  /// Makes them twins, if they lie in the same way.
  void link_if_alike(SymbolId local, SymbolId twin) {
    const bool bundled = is_bundled(original_, local);
    if (bundled == is_bundled(patched_, twin) &&
        (bundled ||
         original_.sections[original_.home(local)].twin == patched_.home(twin)))
      link_local(local, twin);
    declared_.insert(local);
  }

  /// Every user of a variable that has a twin must have one that uses the variable's
  /// twin.
  void verify() {
    for_each_use([&](SectionId base, const elf::Relocation& relocation) {
      const SymbolId local = static_local_of(original_, &relocation);
      const SymbolId twin = local ? original_.symbols[local].twin : kNoSymbol;
      const SectionId user = twin_of_user(base);
      if (!twin || !user || refers_to(user, twin) || !told_.emplace(local, user).second)
        return;
      // With another variable of that name in its place, the two may have been mixed up,
      // unless their declarations tell them apart.
      if (refers_to_namesake(user, local) && !declared_.contains(local))
        add_problem(
            context_, code::kLostStaticLocal, original_.symbol(local).name,
            fmt::format("static local {} has been correlated with {}, but patched {} "
                        "is missing a reference to it",
                        original_.symbol(local).name, patched_.symbol(twin).name,
                        user_name(patched_, user)),
            kRemedy);
      else
        note(context_, NoteKind::kNotice, original_.symbol(local).name,
             "static local variable {} is no longer used by {}",
             original_.symbol(local).name, user_name(patched_, user));
    });
  }

  /// Of a variable that the original has under no such name there is nothing to say.
  void warn_of_new_ones() {
    std::set<SymbolId> told;
    for (SectionId base = 1; base < patched_.sections.size(); ++base) {
      if (special::is_debug_section(patched_.section(base).name))
        continue;
      for (const elf::Relocation& relocation : patched_.section(base).relocations)
        if (const SymbolId local = static_local_of(patched_, &relocation);
            local && !patched_.symbols[local].twin && may_have_been(local) &&
            told.insert(local).second)
          note(context_, NoteKind::kWarning, patched_.symbol(local).name,
               "unable to correlate static local variable {} used by {}, assuming "
               "variable is new",
               patched_.symbol(local).name, user_name(patched_, base));
    }
  }

 private:
  template <typename Visit>
  void for_each_use(Visit visit) {
    for (SectionId base = 1; base < original_.sections.size(); ++base)
      if (!special::is_debug_section(original_.section(base).name))
        for (const elf::Relocation& relocation : original_.section(base).relocations)
          visit(base, relocation);
  }

  /// Whether the original has a variable without a twin under this name.
  bool may_have_been(SymbolId of_patched) const {
    for (SymbolId id = 1; id < original_.symbols.size(); ++id)
      if (is_static_local(original_, id) && !original_.symbols[id].twin &&
          special::is_same_name(original_.symbol(id).name,
                                patched_.symbol(of_patched).name))
        return true;
    return false;
  }

  bool is_self_reference(SectionId base, SymbolId local) const {
    return base == original_.home(local) && original_.sections[base].bundled == local;
  }

  static std::string user_name(const Side& side, SectionId base) {
    const SymbolId bundled = side.sections[base].bundled;
    return bundled ? side.symbol(bundled).name : side.section(base).name;
  }

  /// The twin of the section that uses a variable; a piece that has no twin is answered
  /// for by the nearest parent that has one.
  SectionId twin_of_user(SectionId base) const {
    if (const SectionId twin = original_.sections[base].twin)
      return twin;
    SymbolId ancestor = original_.sections[base].bundled;
    while (ancestor) {
      ancestor = original_.symbols[ancestor].parent;
      if (!ancestor || !original_.home(ancestor))
        return kNoSection;
      if (const SectionId twin = original_.sections[original_.home(ancestor)].twin)
        return twin;
    }
    return kNoSection;
  }

  void match_use(SectionId base, SymbolId local) {
    const SectionId user = twin_of_user(base);
    const SymbolId twin =
        user ? find_counterpart(user, looks_of(original_, local)) : kNoSymbol;
    if (!twin) {
      unmatched_.emplace_back(base, local);
      return;
    }
    link_local(local, twin);
  }

  /// A variable whose user was inlined elsewhere, or split, is found where it is used
  /// now, if there is just one that it can be. One that nothing uses any more is gone,
  /// and the kernel's stays.
  void match_moved_ones() {
    for (const auto& [base, local] : unmatched_) {
      if (original_.symbols[local].twin || !told_.emplace(local, kNoSection).second)
        continue;
      const std::vector<SymbolId>& candidates = untaken_namesakes(local);
      if (candidates.size() == 1)
        link_local(local, candidates[0]);
      else if (const SymbolId other = namesake_of_other_size(base, local))
        add_problem(context_, code::kLostStaticLocal, original_.symbol(local).name,
                    fmt::format("static local variable {} of {} has {} bytes instead of "
                                "{}: the kernel has it in the old size",
                                original_.symbol(local).name, user_name(original_, base),
                                patched_.symbol(other).size,
                                original_.symbol(local).size),
                    "Keep its type, or give what is new another name and keep the old "
                    "one, marked __used.");
      else if (candidates.empty())
        note(context_, NoteKind::kNotice, original_.symbol(local).name,
             "static local variable {} of {} is no longer used",
             original_.symbol(local).name, user_name(original_, base));
      else
        add_problem(
            context_, code::kLostStaticLocal, original_.symbol(local).name,
            fmt::format("reference to static local variable {} in {} was removed, and {} "
                        "others could be it",
                        original_.symbol(local).name, user_name(original_, base),
                        candidates.size()),
            kRemedy);
    }
  }

  /// What the twin of the user has in the place of a variable that is written.
  SymbolId namesake_of_other_size(SectionId base, SymbolId local) {
    const SectionId user = twin_of_user(base);
    if (!user || !(original_.section(original_.home(local)).flags & SHF_WRITE))
      return kNoSymbol;
    for (const SymbolId id : references_of(user).variables_seen)
      if (!patched_.symbols[id].twin && is_static_local(patched_, id) &&
          patched_.symbol(id).size != original_.symbol(local).size &&
          special::is_same_name(patched_.symbol(id).name, original_.symbol(local).name))
        return id;
    return kNoSymbol;
  }

  /// Asked only once all other twins are found: one that is taken then was the only one.
  const std::vector<SymbolId>& untaken_namesakes(SymbolId local) {
    if (!untaken_) {
      untaken_.emplace();
      for (SymbolId id = 1; id < patched_.symbols.size(); ++id)
        if (is_static_local(patched_, id) && !patched_.symbols[id].twin)
          (*untaken_)[looks_of(patched_, id)].ids.push_back(id);
    }
    std::vector<SymbolId>& ids = (*untaken_)[looks_of(original_, local)].ids;
    if (ids.size() == 1 && patched_.symbols[ids[0]].twin)
      ids.clear();
    return ids;
  }

  bool refers_to_namesake(SectionId user, SymbolId local) {
    return references_of(user).variables.contains(looks_of(original_, local));
  }

  bool is_bundled(const Side& side, SymbolId id) const {
    return side.sections[side.home(id)].bundled == id;
  }

  void link_local(SymbolId local, SymbolId twin) {
    const SectionId old_home = original_.home(local);
    const SectionId new_home = patched_.home(twin);
    if (is_bundled(original_, local) != is_bundled(patched_, twin))
      fail("{}: bundle mismatch for symbol {}", context_.inputs.label,
           original_.symbol(local).name);
    if (!is_bundled(original_, local) && original_.sections[old_home].twin != new_home)
      fail("{}: sections {} and {} aren't correlated for symbol {}",
           context_.inputs.label, original_.section(old_home).name,
           patched_.section(new_home).name, original_.symbol(local).name);
    link_symbols(context_, local, twin);
    if (is_bundled(original_, local))
      link_sections(context_, old_home, new_home);
  }

  /// The first variable without a twin that `user`, or a piece split off it, refers to
  /// and that has these looks.
  SymbolId find_counterpart(SectionId user, const std::string& looks) {
    ByLooks& variables = references_of(user).variables;
    if (const auto found = variables.find(looks); found != variables.end()) {
      auto& [ids, head] = found->second;
      while (head < ids.size() && patched_.symbols[ids[head]].twin)
        ++head;
      if (head < ids.size())
        return ids[head];
    }
    const SymbolId function = patched_.sections[user].bundled;
    for (const SymbolId child : patched_.children(function))
      if (const SectionId home = patched_.home(child); home && home != user)
        if (const SymbolId found = find_counterpart(home, looks))
          return found;
    return kNoSymbol;
  }

  References& references_of(SectionId user) {
    const auto [place, is_new] = references_.try_emplace(user);
    References& result = place->second;
    if (!is_new)
      return result;
    for (const elf::Relocation& relocation : patched_.section(user).relocations) {
      result.all.insert(relocation.symbol);
      const elf::Relocation* reference = patched_.through_toc(relocation).relocation;
      if (reference && patched_.symbol(reference->symbol).is_object() &&
          result.variables_seen.insert(reference->symbol).second)
        result.variables[looks_of(patched_, reference->symbol)].ids.push_back(
            reference->symbol);
    }
    return result;
  }

  bool refers_to(SectionId user, SymbolId twin) {
    const References& references = references_of(user);
    if (references.all.contains(twin) || references.variables_seen.contains(twin))
      return true;
    for (const SymbolId child : patched_.children(patched_.sections[user].bundled))
      if (const SectionId home = patched_.home(child); home && home != user)
        if (refers_to(home, twin))
          return true;
    return false;
  }

  static constexpr const char* kRemedy =
      "Mark the function that was inlined differently noinline in the patch.";

  Context& context_;
  const Side& original_;
  const Side& patched_;
  std::unordered_map<SectionId, References> references_;
  std::optional<ByLooks> untaken_;
  std::vector<std::pair<SectionId, SymbolId>> unmatched_; ///< user and variable
  std::set<std::pair<SymbolId, SectionId>> told_;         ///< what has been reported
  std::unordered_set<SymbolId> declared_; ///< whose declaration is known on both sides
};

} // namespace

std::string looks_of(const Side& side, SymbolId id) {
  const elf::Symbol& symbol = side.symbol(id);
  return fmt::format("{} {} {}", symbol.type, symbol.size,
                     special::name_key(symbol.name));
}

void correlate_static_locals(Context& context) {
  unlink_static_locals(context);
  Matcher matcher(context);
  pair_declared_locals(context, [&](SymbolId original, SymbolId patched) {
    matcher.link_if_alike(original, patched);
  });
  const std::size_t problems = context.problems.size();
  matcher.match();
  matcher.verify();
  const bool is_unclear = context.problems.size() > problems;
  if (!context.original.debug_info() || !context.patched.debug_info())
    context.wants_debug_info |= is_unclear || !are_told_apart_by_use(context);
  matcher.warn_of_new_ones();
}

} // namespace kpatch::diff
