// SPDX-License-Identifier: GPL-2.0-or-later
//
// Gathers what goes into the patch. It starts from the changed functions, the callbacks
// and the new globals, and follows references: what is changed or new is pulled in with
// its section, what is the same is only referred to and stays where the running kernel
// has it. Everything remembers who pulled it in.
#include "arch/toc.h"
#include "diff/alternatives.h"
#include "diff/context.h"
#include "special/names.h"
#include "special/special_table.h"

#include <algorithm>
#include <array>
#include <set>

namespace kpatch::diff {

namespace {

constexpr std::array<std::string_view, 4> kCallbackSections = {
    ".kpatch.callbacks.pre_patch", ".kpatch.callbacks.post_patch",
    ".kpatch.callbacks.pre_unpatch", ".kpatch.callbacks.post_unpatch"};
constexpr std::string_view kStates = ".kpatch.states";
constexpr std::string_view kForce = ".kpatch.force";
constexpr std::string_view kForceHelper = "__kpatch_force_func_";

/// What every patch carries: with -fdata-sections, plain .rodata holds only switch
/// tables.
bool is_standard(std::string_view name) {
  return name == arch::kTocSection || name == ".rodata" || name == ".rodata.str" ||
         special::is_string_literal_section(name);
}

/// Marks a section with its symbol, without following its references.
void mark_section(Side& side, SectionId id, Reason reason) {
  SectionState& state = side.sections[id];
  if (!state.included) {
    state.reason = reason;
    side.inclusion_order.push_back(id);
  }
  state.included = true;
  if (state.section_symbol)
    side.symbols[state.section_symbol].included = true;
}

/// Follows references with a list of its own; an object may chain thousands of them.
class IncludedParts {
 public:
  explicit IncludedParts(Side& side) : side_(side) {}

  void section(SectionId id, Reason reason) {
    mark_section(side_, id, reason);
    if (is_cut_by_entries(side_.section(id).name) ||
        side_.section(id).name == arch::kTocSection ||
        special::is_special_section(side_.section(id).name, side_.arch))
      return; // only the pieces of what is included are followed
    if (!side_.sections[id].followed)
      waiting_.push_back(id);
    side_.sections[id].followed = true;
  }

  void symbol(SymbolId id, Reason reason) {
    SymbolState& state = side_.symbols[id];
    if (!state.included)
      state.reason = reason;
    state.included = true;
    const SectionId home = side_.home(id);
    if (home && (side_.symbol(id).is_section() || state.status != Status::kSame))
      section(home, reason);
  }

  void follow() {
    while (!waiting_.empty()) {
      const SectionId id = waiting_.back();
      waiting_.pop_back();
      const Reason reason{ReasonKind::kReferenced, side_.sections[id].bundled};
      for (const elf::Relocation& relocation : side_.section(id).relocations) {
        symbol(relocation.symbol, reason);
        if (arch::leads_to_toc_slot(side_.arch, side_.object, relocation))
          if (const Reference meant = side_.through_toc(relocation); meant.relocation)
            symbol(meant.relocation->symbol, reason);
      }
    }
  }

 private:
  Side& side_;
  std::vector<SectionId> waiting_;
};

void include_standard(Context& context) {
  Side& patched = context.patched;
  const Reason reason{ReasonKind::kForced};
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (is_standard(patched.section(id).name))
      include_section(context, id, reason);
  for (SymbolId id = 1; id < patched.symbols.size(); ++id)
    if (patched.home(id) &&
        special::is_string_literal_section(patched.section(patched.home(id)).name))
      include_symbol(context, id, reason);
}

void include_changed_functions(Context& context) {
  Side& patched = context.patched;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    if (patched.symbol(id).is_file())
      patched.symbols[id].included = true;
    if (!patched.symbol(id).is_function() ||
        patched.symbols[id].status != Status::kChanged)
      continue;
    include_symbol(context, id, {ReasonKind::kChanged, id});
    if (const SymbolId prefix = patched.symbols[id].prefix)
      include_symbol(context, prefix, {ReasonKind::kReferenced, id});
  }
}

void include_callbacks(Context& context) {
  Side& patched = context.patched;
  const Reason reason{ReasonKind::kCallback};
  for (SectionId id = 1; id < patched.sections.size(); ++id) {
    const elf::Section& section = patched.section(id);
    if (std::ranges::find(kCallbackSections, section.name) == kCallbackSections.end())
      continue;
    mark_section(patched, id, reason);
    if (!section.relocations.empty()) {
      const SymbolId callback = section.relocations.front().symbol;
      note(context, NoteKind::kCallback, patched.symbol(callback).name,
           "found callback: {}", patched.symbol(callback).name);
      include_symbol(context, callback, reason);
    }
    for (SymbolId symbol = 1; symbol < patched.symbols.size(); ++symbol)
      if (patched.home(symbol) == id && patched.symbol(symbol).is_object())
        patched.symbols[symbol].included = false;
  }
}

/// Nothing but the hook need refer to them.
void include_states(Context& context) {
  const Side& patched = context.patched;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id)
    if (patched.home(id) && patched.symbol(id).is_object() &&
        patched.section(patched.home(id)).name == kStates)
      include_symbol(context, id, {ReasonKind::kForced});
}

void include_force_marks(Context& context) {
  Side& patched = context.patched;
  const SectionId force = patched.object.find_section(kForce);
  if (!force)
    return;
  mark_section(patched, force, {ReasonKind::kForced});
  for (const elf::Relocation& mark : patched.section(force).relocations)
    note(context, NoteKind::kForced, patched.symbol(mark.symbol).name,
         "function '{}' marked with KPATCH_FORCE_UNSAFE!",
         patched.symbol(mark.symbol).name);
}

bool is_new_global(const Side& side, SymbolId id) {
  const elf::Symbol& symbol = side.symbol(id);
  return symbol.binding == STB_GLOBAL && side.home(id) &&
         side.symbols[id].status == Status::kNew &&
         !symbol.name.starts_with(kForceHelper);
}

void include_new_globals(Context& context) {
  for (SymbolId id = 1; id < context.patched.symbols.size(); ++id)
    if (is_new_global(context.patched, id)) {
      SymbolState& state = context.patched.symbols[id];
      if (state.status == Status::kSame)
        state.status = Status::kNew; // no other object can reach the kernel's static one
      include_symbol(context, id, {ReasonKind::kNew, id});
    }
}

void include_debug_sections(Context& context) {
  Side& patched = context.patched;
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (special::is_debug_section(patched.section(id).name))
      mark_section(patched, id, {ReasonKind::kForced});
}

} // namespace

void include_section(Context& context, SectionId id, Reason reason) {
  IncludedParts parts(context.patched);
  parts.section(id, reason);
  parts.follow();
}

void include_symbol(Context& context, SymbolId id, Reason reason) {
  IncludedParts parts(context.patched);
  parts.symbol(id, reason);
  parts.follow();
}

void trim_toc(Context& context) {
  Side& patched = context.patched;
  std::set<std::uint64_t> used;
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (patched.sections[id].included)
      for (const elf::Relocation& relocation : patched.section(id).relocations)
        if (arch::leads_to_toc_slot(patched.arch, patched.object, relocation))
          used.insert(arch::toc_slot(patched.object, relocation));
  patched.keep_toc_slots(used);
}

void trim_debug_sections(Context& context) {
  Side& patched = context.patched;
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (special::is_debug_section(patched.section(id).name))
      std::erase_if(patched.object.sections[id].relocations,
                    [&](const elf::Relocation& r) {
                      return !patched.home(r.symbol) ||
                             !patched.sections[patched.home(r.symbol)].included;
                    });
}

void include_changes(Context& context) {
  include_standard(context);
  include_changed_functions(context);
  include_callbacks(context);
  include_states(context);
  include_force_marks(context);
  include_new_globals(context);
  include_debug_sections(context);
}

} // namespace kpatch::diff
