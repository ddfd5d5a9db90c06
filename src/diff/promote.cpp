// SPDX-License-Identifier: GPL-2.0-or-later
//
// A function without an ftrace entry cannot be redirected: `inline` functions that were
// not inlined are notrace, so are the bodies of system calls. But if everybody who calls
// it lies in this object and can be redirected, the callers are patched instead and the
// patch brings its own copy of the function for them:
//
//   changed: helper (notrace)      becomes      new: helper, changed: its callers
//
// It does not work where the function's address is stored (somebody may call through it)
// or where a caller cannot be redirected. Init code of vmlinux has run and is gone, so
// what it calls does not matter, nor do functions that it alone called. Callers in other
// objects are found by whoever knows these (Inputs::own_copies): then the function is new
// to the patch as a whole, and its users in each object are patched.
#include "base/module_name.h"
#include "diff/context.h"
#include "diff/exports.h"
#include "diff/init_code.h"
#include "elf/kernel_sections.h"
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
    elf::kOrcPlaces,   elf::kFtraceSites, ".sframe",
    elf::kSealedSites, ".cfi_sites",      ".kcfi_traps"};

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
          if (original.symbol(use.symbol).is_function() || is_copied(use.symbol))
            uses_[use.symbol].push_back({id, &use});
  }

  void run() {
    for (SymbolId id = 1; id < context_.original.symbols.size(); ++id)
      if (is_copied(id))
        patch_callers_of_other(id);
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

  /// Whether that is another object's function of which the patch has a copy.
  bool is_copied(SymbolId of_original) const {
    const elf::Symbol& symbol = context_.original.symbol(of_original);
    return symbol.is_undefined() && context_.inputs.own_copies.contains(symbol.name);
  }

  void patch_callers_of_other(SymbolId callee) {
    const std::string& name = context_.original.symbol(callee).name;
    Callers callers;
    if (const std::string obstacle = judge_all(kNoSymbol, callee, callers);
        !obstacle.empty())
      return add_refusal(name, obstacle);
    mark_changed(callers, context_.original.symbols[callee].twin, name);
  }

  void promote_callers(SymbolId id) {
    const elf::Symbol& function = context_.patched.symbol(id);
    Callers callers;
    std::string obstacle = judge_all(id, context_.patched.symbols[id].twin, callers);
    if (obstacle.empty() && function.binding != STB_LOCAL &&
        !context_.inputs.own_copies.contains(function.name)) {
      obstacle = "it can be called from other objects";
      if (function.binding == STB_GLOBAL)
        context_.needs_callers.push_back(function.name);
    }
    if (!obstacle.empty()) {
      refused_.insert(id);
      return add_refusal(function.name, obstacle);
    }
    context_.patched.symbols[id].status = Status::kNew;
    // Its pieces have to be reached on their own now, and a caller may have no entry
    // either.
    for (const SymbolId child : context_.patched.children(id))
      waiting_.push_back(child);
    mark_changed(callers, id, function.name);
  }

  /// What stands against redirecting all users of a function of the original.
  std::string judge_all(SymbolId id, SymbolId of_original, Callers& callers) {
    std::string obstacle;
    for (const Use& use : uses_[of_original])
      if (obstacle.empty())
        obstacle = judge(id, use, callers);
    return obstacle;
  }

  void mark_changed(const Callers& callers, SymbolId callee, const std::string& name) {
    for (const SymbolId piece : callers.pieces)
      if (context_.patched.symbols[piece].status == Status::kSame &&
          !is_uncalled(context_, context_.patched.symbols[piece].parent))
        context_.patched.symbols[piece].status = Status::kChanged;
    for (const SymbolId caller : callers.functions) {
      SymbolState& state = context_.patched.symbols[caller];
      if (is_uncalled(context_, caller)) {
        if (told_.insert(caller).second)
          tell_of_uncalled(context_, context_.patched.symbol(caller).name);
        continue;
      }
      if (state.status == Status::kSame) {
        state.status = Status::kChanged;
        state.stands_in_for = callee;
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
    if (is_export_section(section.name))
      return {}; // who takes it from there is known or not, as with any global
    const SymbolId user = original.sections[use.section].bundled;
    if (is_init_code(section.name) &&
        !original.arch.uses_as_pointer(section, *use.relocation))
      return judge_init_code(section.name);
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

  /// Init and exit code that calls it goes on with the old one.
  std::string judge_init_code(const std::string& section) const {
    const bool is_harmless = context_.inputs.parent == kVmlinux ||
                             context_.inputs.init_changes == InitChanges::kLeaveOut;
    return is_harmless ? ""
                       : fmt::format("{} calls it, which runs when {} is loaded or "
                                     "unloaded (--ignore-init-changes leaves it alone)",
                                     section, context_.inputs.parent);
  }

  void add_refusal(const std::string& name, const std::string& obstacle) {
    add_problem(
        context_, code::kNoFtraceEntry, name, no_ftrace_entry_text(name, obstacle),
        "Make the change in the functions that call it, or give it a new name and "
        "call that from them.");
  }

  Context& context_;
  std::unordered_map<SymbolId, std::vector<Use>> uses_; ///< of functions of the original
  std::deque<SymbolId> waiting_; ///< what may have become a function to promote
  std::set<SymbolId> refused_;
  std::set<SymbolId> told_; ///< callers that stay as they are
};

} // namespace

std::string no_ftrace_entry_text(std::string_view function, std::string_view obstacle) {
  return fmt::format("function {} doesn't have patchable function entry, unable to "
                     "patch: {}",
                     function, obstacle);
}

void promote_callers_of_unpatchable(Context& context) {
  Promotion(context).run();
}

} // namespace kpatch::diff
