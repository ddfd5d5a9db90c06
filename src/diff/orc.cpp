// SPDX-License-Identifier: GPL-2.0-or-later
//
// Of the ORC unwinder's tables the patch takes what is about its own code.
#include "elf/orc.h"

#include "base/error.h"
#include "diff/context.h"

namespace kpatch::diff {

namespace {

void leave_out_table(Context& context, SectionId id) {
  SectionState& state = context.patched.sections[id];
  state.content = state.relocations = Status::kSame;
  state.included = false;
}

void include_table(Context& context, SectionId id) {
  context.patched.sections[id].included = true;
  context.patched.sections[id].reason = {ReasonKind::kDescribes};
}

} // namespace

void rebuild_orc(Context& context) {
  Side& patched = context.patched;
  const auto entry_size = special::size_of(context.inputs.sizes, special::kOrcEntry);
  if (!entry_size)
    return;
  if (*entry_size == 0)
    fail("{}: bad {}", context.inputs.label, special::kOrcEntry.variable);
  std::optional<elf::OrcTable> table =
      elf::OrcTable::read(patched.object, *entry_size, context.inputs.label);
  if (!table)
    return;
  table->keep([&](const elf::Relocation& place) {
    const SectionId home = patched.home(place.symbol);
    return patched.symbol(place.symbol).is_function() && home &&
           patched.sections[home].included;
  });
  for (std::size_t i = 0; i < table->size(); ++i)
    patched.symbols[table->place(i).symbol].included = true;
  const SectionId entries = patched.object.find_section(elf::kOrcEntries);
  const SectionId places = patched.object.find_section(elf::kOrcPlaces);
  if (table->size() == 0) {
    leave_out_table(context, entries);
    leave_out_table(context, places);
    return;
  }
  table->write(patched.object);
  include_table(context, entries);
  include_table(context, places);
}

} // namespace kpatch::diff
