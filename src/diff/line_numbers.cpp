// SPDX-License-Identifier: GPL-2.0-or-later
//
// A line added at the top of a file changes __LINE__ everywhere below, and with it an
// immediate in every function that warns:
//
//   mov $0x1f3, %esi; ... call __warn_printk     was     mov $0x1f1, %esi; ... call
//   __warn_printk
//
// Such a function has not changed. It is recognised by what differs: only immediates
// loaded into the registers that pass a line, on the way to a function known to take one.
// The relocations alone must be the same, and the next thing referred to after the load,
// format strings and once-flags aside, must be that function.
#include "diff/context.h"
#include "diff/names.h"

#include <algorithm>
#include <array>

namespace kpatch::diff {

namespace {

constexpr std::array<std::string_view, 3> kPassedOver = {"__warned.", "__already_done.",
                                                         "__func__."};

/// Whether what follows offset `from` leads to a call that takes a line number.
bool leads_to_report(const Side& side, SectionId id, std::uint64_t from) {
  for (const elf::Relocation& relocation : side.section(id).relocations) {
    if (relocation.offset < from)
      continue;
    const elf::Relocation* target = side.through_toc(relocation).relocation;
    if (!target || side.string_target(id, *target))
      continue;
    const std::string_view name = side.symbol(target->symbol).name;
    if (std::ranges::any_of(kPassedOver,
                            [&](std::string_view p) { return name.starts_with(p); }))
      continue;
    return side.arch.takes_line_number(name);
  }
  return false;
}

bool is_candidate(const Context& context, SectionId id) {
  const SectionState& state = context.patched.sections[id];
  const elf::Section& now = context.patched.section(id);
  return state.twin && state.content == Status::kChanged && now.is_text() &&
         now.has_relocations && state.relocations == Status::kSame &&
         now.data.size() == context.original.section(state.twin).data.size();
}

} // namespace

bool is_line_number_change(const Context& context, SectionId id) {
  if (!is_candidate(context, id))
    return false;
  const Side& patched = context.patched;
  const std::span<const std::uint8_t> now = patched.section(id).data;
  const std::span<const std::uint8_t> before =
      context.original.section(patched.sections[id].twin).data;
  bool found_one = false;
  for (std::size_t at = 0; at < now.size();) {
    const std::size_t length = patched.arch.instruction_length(now.subspan(at));
    if (length == 0 || patched.arch.instruction_length(before.subspan(at)) != length)
      return false;
    const auto ours = now.subspan(at, length);
    const auto theirs = before.subspan(at, length);
    at += length;
    if (std::ranges::equal(ours, theirs))
      continue;
    if (!patched.arch.is_line_load(ours) || !patched.arch.is_line_load(theirs) ||
        !leads_to_report(patched, id, at))
      return false;
    found_one = true;
  }
  return found_one;
}

} // namespace kpatch::diff
