// SPDX-License-Identifier: GPL-2.0-or-later
//
// A function without an ftrace entry cannot be redirected: `inline` functions that were
// not inlined are notrace, so are the bodies of system calls. But if everybody who calls
// it lies in this object and can be redirected, the callers are patched instead and the
// patch brings its own copy of the function for them:
//
//   changed: helper (notrace)      becomes      new: helper, changed: its callers
//
// It does not work where the function's address is stored (somebody may call through it),
// where it can be called from other objects, or where a caller cannot be redirected.
#include "diff/context.h"
#include "elf/orc.h"
#include "special/names.h"
#include "special/special_table.h"

#include <algorithm>
#include <array>
#include <deque>
#include <set>
#include <utility>

namespace kpatch::diff {

namespace {

/// Tables about code, not callers of it.
constexpr std::array<std::string_view, 6> kAboutCode = {
    elf::kOrcPlaces,   "__mcount_loc", ".sframe",
    ".ibt_endbr_seal", ".cfi_sites",   ".kcfi_traps"};

bool is_about_code(const Side& side, std::string_view section) {
  return special::is_debug_section(section) || section == arch::kPatchableEntries ||
         section.starts_with(".discard") || section.starts_with(".kpatch.ignore") ||
         special::is_special_section(section, side.arch) ||
         std::ranges::find(kAboutCode, section) != kAboutCode.end();
}

bool needs_entry(const Context& context, SymbolId id) {
  const Side& patched = context.patched;
  const SymbolState& state = patched.symbols[id];
  if (!patched.symbol(id).is_function() || state.is_prefix || !patched.home(id) ||
      state.status != Status::kChanged || !state.twin)
    return false;
  if (state.parent && patched.symbols[state.parent].status == Status::kChanged)
    return false;
  return !context.original.symbols[state.twin].has_ftrace_entry;
}

class Promotion {
 public:
  explicit Promotion(Context& context) : context_(context) {
    const Side& original = context.original;
    for (SectionId id = 1; id < original.sections.size(); ++id)
      if (!is_about_code(original, original.section(id).name))
        for (const elf::Relocation& use : original.section(id).relocations)
          if (original.symbol(use.symbol).is_function())
            uses_[use.symbol].push_back({id, &use});
  }

  void run() {
    for (SymbolId id = 1; id < context_.patched.symbols.size(); ++id)
      waiting_.push_back(id);
    while (!waiting_.empty()) {
      const SymbolId id = waiting_.front();
      waiting_.pop_front();
      if (needs_entry(context_, id) && !refused_.contains(id))
        promote_callers(id);
    }
  }

 private:
  struct Use {
    SectionId section;
    const elf::Relocation* relocation;
  };

  struct Callers {
    std::set<SymbolId> functions;
    std::set<SymbolId>
        pieces; ///< of them, which the new ones must not share with the old
  };

  void promote_callers(SymbolId id) {
    const std::string& name = context_.patched.symbol(id).name;
    std::string obstacle;
    Callers callers;
    if (context_.patched.symbol(id).binding != STB_LOCAL)
      obstacle = "it can be called from other objects";
    for (const Use& use : uses_[context_.patched.symbols[id].twin]) {
      if (!obstacle.empty())
        break;
      obstacle = judge(id, use, callers);
    }
    if (!obstacle.empty())
      return refuse(id, obstacle);
    context_.patched.symbols[id].status = Status::kNew;
    // Its pieces have to be reached on their own now, and a caller may have no entry
    // either.
    for (const SymbolId child : context_.patched.children(id))
      waiting_.push_back(child);
    for (const SymbolId piece : callers.pieces)
      if (context_.patched.symbols[piece].status == Status::kSame)
        context_.patched.symbols[piece].status = Status::kChanged;
    for (const SymbolId caller : callers.functions) {
      SymbolState& state = context_.patched.symbols[caller];
      if (state.status == Status::kSame) {
        state.status = Status::kChanged;
        state.stands_in_for = id;
        waiting_.push_back(caller);
        const std::string& promoted = context_.patched.symbol(caller).name;
        note(context_, NoteKind::kNotice, promoted,
             "{} is patched because it calls {}, which has no ftrace entry", promoted,
             name);
      }
    }
  }

  /// What stands against redirecting the user of a function; nothing if it can be done,
  /// and then the user is among the callers.
  std::string judge(SymbolId id, const Use& use, Callers& callers) {
    const Side& original = context_.original;
    const elf::Section& section = original.section(use.section);
    const SymbolId user = original.sections[use.section].bundled;
    if (!user || !original.symbol(user).is_function())
      return fmt::format("{} refers to it, which cannot be redirected",
                         user ? original.symbol(user).name : section.name);
    if (original.arch.uses_as_pointer(section, *use.relocation))
      return fmt::format("{} takes its address", original.symbol(user).name);
    SymbolId caller = original.symbols[user].twin;
    if (!caller)
      return {}; // the patch has no such function any more: nobody new calls the old one
    while (context_.patched.symbols[caller].parent &&
           !original.symbols[context_.patched.symbols[caller].twin].has_ftrace_entry)
      callers.pieces.insert(
          std::exchange(caller, context_.patched.symbols[caller].parent));
    if (caller != id)
      callers.functions.insert(caller);
    return {};
  }

  void refuse(SymbolId id, const std::string& obstacle) {
    refused_.insert(id);
    const std::string& name = context_.patched.symbol(id).name;
    add_problem(
        context_, code::kNoFtraceEntry, name,
        fmt::format("function {} doesn't have patchable function entry, unable to "
                    "patch: {}",
                    name, obstacle),
        "Make the change in the functions that call it, or give it a new name and "
        "call that from them.");
  }

  Context& context_;
  std::unordered_map<SymbolId, std::vector<Use>> uses_; ///< of functions of the original
  std::deque<SymbolId> waiting_; ///< what may have become a function to promote
  std::set<SymbolId> refused_;
};

} // namespace

void promote_callers_of_unpatchable(Context& context) {
  Promotion(context).run();
}

} // namespace kpatch::diff
