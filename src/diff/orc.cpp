// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ORC unwinder's tables: .orc_unwind_ip holds places in code, .orc_unwind says for
// each how to find the caller. They are parallel arrays, so an entry is kept or dropped
// in both.
#include "base/error.h"
#include "diff/context.h"

namespace kpatch::diff {

namespace {

constexpr std::uint64_t kPlaceSize = 4; // int, relative to itself (asm/orc_types.h)

void leave_out(Context& context, std::initializer_list<SectionId> ids) {
  for (const SectionId id : ids) {
    SectionState& state = context.patched.sections[id];
    state.content = state.relocations = Status::kSame;
    state.included = false;
  }
}

} // namespace

void rebuild_orc(Context& context) {
  Side& patched = context.patched;
  const SectionId unwind = patched.object.find_section(".orc_unwind");
  const SectionId places = patched.object.find_section(".orc_unwind_ip");
  const auto known = special::size_of(context.inputs.sizes, special::kOrcEntry);
  if (!known || !unwind || !places || !patched.section(places).has_relocations)
    return;
  const std::uint64_t entry_size = *known;
  if (entry_size == 0)
    fail("{}: bad {}", context.inputs.label, special::kOrcEntry.variable);
  elf::Section& entries = patched.object.sections[unwind];
  elf::Section& ips = patched.object.sections[places];
  if (entries.is_nobits() || ips.is_nobits())
    fail("{}: .orc_unwind has no contents in the file", context.inputs.label);
  const std::uint64_t count = entries.size() / entry_size;
  if (entries.size() % entry_size != 0)
    fail("{}: bad .orc_unwind size", context.inputs.label);
  if (ips.size() != count * kPlaceSize || ips.relocations.size() != count)
    fail("{}: .orc_unwind/.orc_unwind_ip size mismatch", context.inputs.label);

  Bytes kept;
  std::vector<elf::Relocation> relocations;
  for (std::uint64_t i = 0; i < count; ++i) {
    elf::Relocation relocation = ips.relocations[i];
    const SectionId home = patched.home(relocation.symbol);
    if (!patched.symbol(relocation.symbol).is_function() || !home ||
        !patched.sections[home].included)
      continue;
    const auto at = entries.data.begin() + static_cast<std::ptrdiff_t>(i * entry_size);
    kept.insert(kept.end(), at, at + static_cast<std::ptrdiff_t>(entry_size));
    relocation.offset = relocations.size() * kPlaceSize;
    relocations.push_back(relocation);
    patched.symbols[relocation.symbol].included = true;
  }
  if (relocations.empty())
    return leave_out(context, {unwind, places});
  entries.data = std::move(kept);
  ips.data.resize(relocations.size() * kPlaceSize);
  ips.relocations = std::move(relocations);
  for (const SectionId id : {unwind, places}) {
    patched.sections[id].included = true;
    patched.sections[id].reason = {ReasonKind::kDescribes};
  }
}

} // namespace kpatch::diff
