// SPDX-License-Identifier: GPL-2.0-or-later
//
// Says what will be patched and makes sure that nothing was lost: every change must be
// part of the patch, and no data that the running kernel has a live copy of may be.
#include "diff/changed_data.h"
#include "diff/constants.h"
#include "diff/context.h"
#include "diff/portraits.h"
#include "special/names.h"

#include <algorithm>
#include <array>

namespace kpatch::diff {

namespace {

/// Flags like __warned: a second copy does no harm.
constexpr std::array<std::string_view, 4> kHarmlessData = {
    ".data.unlikely", ".data..unlikely", ".data.once", ".data..once"};

bool is_live_data(std::string_view name) {
  return (name.starts_with(".data") || name.starts_with(".bss")) &&
         std::ranges::find(kHarmlessData, name) == kHarmlessData.end();
}

constexpr const char* kDataRemedy = "Live data cannot be replaced: change it from a "
                                    "callback, keep the new state in shadow "
                                    "variables, or change the code that reads it.";

constexpr const char* kCodeRemedy =
    "Make the change in functions that lie in sections of their own, and that call it or "
    "are called from there.";

/// The functions that differ in a section of many, where none of them can be redirected:
/// code of entries and exits (`noinstr`), which must not be traced.
std::vector<std::string> changed_untraced(const Context& context, SectionId id) {
  const Side& patched = context.patched;
  const auto now = portraits(patched, id);
  const auto before = portraits(context.original, patched.sections[id].twin);
  std::vector<std::string> names;
  for (const auto& [name, portrait] : now) {
    const auto old = before.find(name);
    if (!patched.symbol(portrait.symbol).is_function() ||
        patched.symbols[portrait.symbol].is_prefix ||
        (old != before.end() && old->second == portrait))
      continue;
    if (patched.symbols[portrait.symbol].has_ftrace_entry)
      return {};
    names.emplace_back(name);
  }
  return names;
}

/// Says so of a shared section of code, if that is all that is wrong with it.
bool refuse_untraced(Context& context, SectionId id) {
  SectionState& state = context.patched.sections[id];
  const elf::Section& section = context.patched.section(id);
  const bool is_changed =
      state.content == Status::kChanged ||
      (section.has_relocations && state.relocations == Status::kChanged);
  if (!section.is_text() || state.bundled || !state.twin || state.included || !is_changed)
    return false;
  const std::vector<std::string> names = changed_untraced(context, id);
  for (const std::string& name : names)
    add_problem(context, code::kNoFtraceEntry, name,
                fmt::format("function {} lies in {}, code that no tracer can redirect, "
                            "unable to patch",
                            name, section.name),
                "Make the change in the functions that it calls outside of that "
                "section.");
  return !names.empty();
}

void check_section(Context& context, SectionId id) {
  if (refuse_untraced(context, id))
    return;
  const SectionState& state = context.patched.sections[id];
  const elf::Section& section = context.patched.section(id);
  bool has_told = false;
  const auto unselected = [&](Status status, const std::string& name) {
    if (status != Status::kChanged || state.included || has_constants_only(section))
      return;
    context.wants_debug_info |= !section.is_text() && !context.patched.debug_info();
    const DataChange change =
        has_told ? DataChange() : describe_changed_data(context, id);
    has_told = true;
    const auto unset = context.unset_data.find(id);
    add_problem(
        context, code::kChangedSection, name,
        fmt::format("changed section {} not selected for inclusion{}{}{}", name,
                    change.what.empty() ? "" : ": ", change.what,
                    unset == context.unset_data.end()
                        ? ""
                        : fmt::format("; the patch does not set it: {}", unset->second)),
        !change.remedy.empty() ? change.remedy
        : section.is_text()    ? kCodeRemedy
                               : kDataRemedy);
  };
  unselected(state.content, section.name);
  if (section.has_relocations)
    unselected(state.relocations, ".rela" + section.name);
  if (state.grouped && (state.content != Status::kSame ||
                        (section.has_relocations && state.relocations != Status::kSame)))
    add_problem(
        context, code::kChangedGroup, section.name,
        fmt::format("changed section {} is part of a section group", section.name),
        "Avoid the inline or template construct that makes section groups.");
  if (section.type == SHT_GROUP && state.content == Status::kNew)
    add_problem(context, code::kChangedGroup, section.name,
                "new/changed group sections are not supported",
                "Avoid the inline or template construct that makes section groups.");
  if (state.included && state.content != Status::kNew && is_live_data(section.name))
    add_problem(context, code::kIncludedData, section.name,
                fmt::format("data section {} selected for inclusion", section.name),
                kDataRemedy);
}

} // namespace

std::vector<SymbolId> functions_of_patch(const Context& context) {
  const Side& patched = context.patched;
  std::vector<SymbolId> functions;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    const SymbolState& state = patched.symbols[id];
    if (state.included && patched.symbol(id).is_function() && patched.home(id) &&
        !is_piece(state) && !state.is_prefix && state.status != Status::kSame)
      functions.push_back(id);
  }
  return functions;
}

void verify_inclusion(Context& context) {
  for (SectionId id = 1; id < context.patched.sections.size(); ++id)
    check_section(context, id);
}

void mark_groups(Context& context) {
  Side& patched = context.patched;
  for (const elf::Section& section : patched.object.sections)
    for (const SectionId member : section.group_members)
      patched.sections[member].grouped = true;
}

} // namespace kpatch::diff
