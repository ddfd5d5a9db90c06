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
//
// No list has all functions that take a line, and one that does may be handed another
// number, or the register be used for one before. Where both objects have debug
// information, a number that differs is known by its value: it is the line of the very
// statement that the instruction is of, on both sides. What the compiler does for
// __LINE__ is to give it the line where the outermost macro is called, and that line is
// also what it writes into its line table for the code of the macro. If the number is
// handed to a function that is inlined, its line is the one of that call. __FILE__ ":"
// __stringify(__LINE__) puts the number into a literal instead ("fs/x.c:499: bad block");
// there it has to stand behind the file's name. A number that is not its own line on
// either side is a change.
#include "base/text.h"
#include "diff/context.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <charconv>
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

bool has_comparable_code(const Context& context, SectionId id) {
  const SectionState& state = context.patched.sections[id];
  const elf::Section& now = context.patched.section(id);
  if (!state.twin || !now.is_text() || !now.has_relocations)
    return false;
  const elf::Section& before = context.original.section(state.twin);
  return before.has_relocations && now.data.size() == before.data.size() &&
         now.relocations.size() == before.relocations.size();
}

using Code = std::span<const std::uint8_t>;

/// Calls `is_line` with where each instruction that differs begins and ends, and its code
/// on both sides, until it is false. Returns whether it was true for all.
template <typename Predicate>
bool all_changed_instructions(const Context& context, SectionId id, Predicate is_line) {
  const arch::Arch& arch = context.patched.arch;
  const Code now = context.patched.section(id).data;
  const Code before = context.original.section(context.patched.sections[id].twin).data;
  for (std::size_t at = 0; at < now.size();) {
    const std::size_t length = arch.instruction_length(now.subspan(at));
    if (length == 0 || arch.instruction_length(before.subspan(at)) != length)
      return false;
    const Code ours = now.subspan(at, length);
    const Code theirs = before.subspan(at, length);
    if (!std::ranges::equal(ours, theirs) && !is_line(at, at + length, ours, theirs))
      return false;
    at += length;
  }
  return true;
}

bool leads_to_reporters(const Context& context, SectionId id) {
  const arch::Arch& arch = context.patched.arch;
  const Reports reports(context.patched, id);
  bool has_any = false;
  const bool all_lead = all_changed_instructions(
      context, id, [&](std::size_t, std::size_t end, Code ours, Code theirs) {
        has_any = true;
        return arch.is_line_load(ours) && arch.is_line_load(theirs) &&
               reports.follow(end);
      });
  return has_any && all_lead;
}

/// A number that differs.
struct Number {
  std::uint64_t offset = 0; ///< of the code that holds it or refers to its literal
  std::uint64_t now = 0;
  std::uint64_t before = 0;
  std::optional<std::string_view> behind = {}; ///< of a literal: the text before it
};

std::optional<std::uint64_t> number_at(std::string_view text, std::size_t start,
                                       std::size_t& end) {
  std::uint64_t value = 0;
  const char* const last = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + start, last, value);
  if (error != std::errc())
    return std::nullopt;
  end = static_cast<std::size_t>(stop - text.data());
  return value;
}

/// The number by which two literals differ, if by nothing else.
std::optional<Number> number_between(std::string_view now, std::string_view before) {
  auto start =
      static_cast<std::size_t>(std::ranges::mismatch(now, before).in1 - now.begin());
  while (start > 0 && is_digit(now[start - 1]))
    --start;
  std::size_t our_end = 0;
  std::size_t their_end = 0;
  const auto ours = number_at(now, start, our_end);
  const auto theirs = number_at(before, start, their_end);
  if (!ours || !theirs || now.substr(our_end) != before.substr(their_end))
    return std::nullopt;
  return Number{.now = *ours, .before = *theirs, .behind = now.substr(0, start)};
}

std::optional<std::string_view> literal_of(const Side& side, SectionId base,
                                           const elf::Relocation& relocation) {
  const elf::Relocation* target = side.through_toc(relocation).relocation;
  return target ? side.string_target(base, *target) : std::nullopt;
}

/// Collects the numbers by which the code differs; false if it differs in anything else.
bool find_numbers(const Context& context, SectionId id, std::vector<Number>& found) {
  const Side& patched = context.patched;
  const SectionId twin = patched.sections[id].twin;
  const auto& ours = patched.section(id).relocations;
  const auto& theirs = context.original.section(twin).relocations;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (refers_to_same(context, id, ours[i], theirs[i]))
      continue;
    const auto now = literal_of(patched, id, ours[i]);
    const auto before = literal_of(context.original, twin, theirs[i]);
    auto number = now && before ? number_between(*now, *before) : std::nullopt;
    if (!number || ours[i].type != theirs[i].type || ours[i].offset != theirs[i].offset)
      return false;
    number->offset = ours[i].offset;
    found.push_back(*number);
  }
  return all_changed_instructions(
      context, id, [&](std::size_t at, std::size_t, Code now, Code before) {
        const auto mine = patched.arch.immediate(now);
        const auto other = patched.arch.immediate(before);
        if (!mine || !other || mine->rest != other->rest)
          return false;
        found.push_back({.offset = at, .now = mine->value, .before = other->value});
        return true;
      });
}

bool is_line_of(const dwarf::SourcePlace& place, std::uint64_t value,
                const Number& number) {
  if (place.line <= 0 || static_cast<std::uint64_t>(place.line) != value)
    return false;
  const std::string file = place.file.substr(place.file.rfind('/') + 1) + ":";
  return !number.behind || number.behind->ends_with(file);
}

/// Whether there is a statement that has one as its line now, and had the other.
bool is_line_of_both(const std::vector<dwarf::SourcePlace>& now,
                     const std::vector<dwarf::SourcePlace>& before,
                     const Number& number) {
  for (std::size_t i = 0; now.size() == before.size() && i < now.size(); ++i)
    if (is_line_of(now[i], number.now, number) &&
        is_line_of(before[i], number.before, number) && now[i].file == before[i].file)
      return true;
  return false;
}

/// Whether the code differs only in numbers that are the lines of their statements; where
/// nothing tells, whether they are loaded on the way to a function known to take a line.
bool has_moved_only(Context& context, SectionId id) {
  std::vector<Number> numbers;
  const bool has_numbers = find_numbers(context, id, numbers) && !numbers.empty();
  const auto* now = context.patched.debug_info();
  const auto* before = context.original.debug_info();
  if (!now || !before) {
    const bool leads = context.patched.sections[id].relocations == Status::kSame &&
                       leads_to_reporters(context, id);
    context.wants_debug_info |= has_numbers || leads;
    return leads;
  }
  if (!has_numbers)
    return false;
  const SectionId twin = context.patched.sections[id].twin;
  return std::ranges::all_of(numbers, [&](const Number& number) {
    return is_line_of_both(now->find_statements(id, number.offset),
                           before->find_statements(twin, number.offset), number);
  });
}

} // namespace

bool is_line_number_change(Context& context, SectionId id) {
  const SectionState& state = context.patched.sections[id];
  if ((state.content != Status::kChanged && state.relocations != Status::kChanged) ||
      !has_comparable_code(context, id))
    return false;
  return has_moved_only(context, id);
}

} // namespace kpatch::diff
