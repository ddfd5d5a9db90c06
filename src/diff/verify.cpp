// SPDX-License-Identifier: GPL-2.0-or-later
//
// Says what will be patched and makes sure that nothing was lost: every change must be
// part of the patch, and no data that the running kernel has a live copy of may be.
#include "diff/changed_data.h"
#include "diff/context.h"
#include "diff/names.h"

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

void check_section(Context& context, SectionId id) {
  const SectionState& state = context.patched.sections[id];
  const elf::Section& section = context.patched.section(id);
  bool has_told = false;
  const auto unselected = [&](Status status, const std::string& name) {
    if (status != Status::kChanged || state.included)
      return;
    context.wants_debug_info |= !section.is_text() && !context.patched.debug_info();
    const DataChange change =
        has_told ? DataChange() : describe_changed_data(context, id);
    has_told = true;
    add_problem(context, code::kChangedSection, name,
                fmt::format("changed section {} not selected for inclusion{}{}", name,
                            change.what.empty() ? "" : ": ", change.what),
                change.remedy.empty() ? kDataRemedy : change.remedy);
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
