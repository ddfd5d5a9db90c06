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
#include <utility>
#include <vector>

namespace kpatch::diff {

namespace {

constexpr std::array<std::string_view, 3> kPassedOver = {"__warned.", "__already_done.",
                                                         "__func__."};

/// Where in a section what follows leads to a call that takes a line number. Walked from
/// the end, so that each reference is looked at once.
class Reports {
 public:
  Reports(const Side& side, SectionId id) {
    const std::vector<elf::Relocation>& relocations = side.section(id).relocations;
    bool leads_to_one = false;
    for (auto i = relocations.rbegin(); i != relocations.rend(); ++i) {
      const elf::Relocation* target = side.through_toc(*i).relocation;
      if (target && !is_passed_over(side, id, *target))
        leads_to_one = side.arch.takes_line_number(side.symbol(target->symbol).name);
      from_.emplace_back(i->offset, leads_to_one);
    }
    std::ranges::reverse(from_);
    std::ranges::stable_sort(from_, {}, &std::pair<std::uint64_t, bool>::first);
  }

  /// Whether what follows `offset` does.
  bool follow(std::uint64_t offset) const {
    const auto next = std::ranges::lower_bound(from_, offset, {},
                                               &std::pair<std::uint64_t, bool>::first);
    return next != from_.end() && next->second;
  }

 private:
  static bool is_passed_over(const Side& side, SectionId id,
                             const elf::Relocation& target) {
    if (side.string_target(id, target))
      return true;
    const std::string_view name = side.symbol(target.symbol).name;
    return std::ranges::any_of(kPassedOver,
                               [&](std::string_view p) { return name.starts_with(p); });
  }

  std::vector<std::pair<std::uint64_t, bool>> from_; ///< by offset of each reference
};

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
  const Reports reports(patched, id);
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
        !reports.follow(at))
      return false;
    found_one = true;
  }
  return found_one;
}

} // namespace kpatch::diff
