// SPDX-License-Identifier: GPL-2.0-or-later
//
// Rebuilds the special sections of the patched object entry by entry. An entry is a few
// bytes whose relocations point at code (and at keys, replacements, handlers); it is kept
// if one of them names a function that is part of the patch. The kept ones close ranks:
//
//   __bug_table: [f] [g] [f] [h]   with f in the patch   becomes   [f] [f]
//
// This file walks the table of special_table.cpp and knows no section by name, except for
// the two pairs that hang together: .fixup with __ex_table, .altinstructions with
// .altinstr_replacement.
#include "base/error.h"
#include "diff/context.h"
#include "diff/jump_labels.h"
#include "diff/special_table.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

namespace kpatch::diff {

namespace {

constexpr std::string_view kFixupSection = ".fixup";
constexpr std::string_view kExceptions = "__ex_table";
constexpr std::string_view kAlternatives = ".altinstructions";
constexpr std::string_view kReplacements = ".altinstr_replacement";

/// Kernels before 5.8 initialise jump labels before a livepatch's relocations are
/// written, so a patch for them goes without.
constexpr std::array<std::string_view, 4> kTooEarlyForKlpArch = {
    "__jump_table", "__tracepoints", "__tracepoints_ptrs", "__tracepoints_strings"};

/// A run of bytes of the old section that stays, and where it goes.
struct Move {
  std::uint64_t from = 0;
  std::uint64_t end = 0;
  std::uint64_t to = 0;
};

void leave_out(Side& side, SectionId id) {
  SectionState& state = side.sections[id];
  state.content = state.relocations = Status::kSame;
  state.included = false;
}

bool describes_patch(const Side& side, const elf::Relocation& relocation) {
  const SectionId home = side.home(relocation.symbol);
  return side.symbol(relocation.symbol).is_function() && home &&
         side.sections[home].included;
}

/// Where entries start; the end of the section is the last.
using Starts = std::vector<std::uint64_t>;

class Rebuild {
 public:
  Rebuild(Context& context, const SpecialSection& row, SectionId id)
      : context_(context), side_(context.patched), row_(row), id_(id),
        section_(context.patched.object.sections[id]) {}

  void run() {
    find_entries();
    sort_relocations();
    for (std::size_t entry = 0; entry + 1 < starts_.size(); ++entry)
      if (is_wanted(relocations_of(entry)))
        keep(entry);
    finish();
  }

 private:
  void find_entries() {
    if (section_.is_nobits())
      fail("{}: section {}: has no contents in the file", context_.inputs.label,
           section_.name);
    if (row_.entries == Entries::kFixup)
      return find_fixup_pieces();
    std::uint64_t size = row_.fixed_size;
    if (row_.entries == Entries::kStruct) {
      const auto known = context_.inputs.sizes.*row_.size_of;
      if (!known || *known == 0)
        fail_with_remedy(
            "It is the size of the kernel's struct for this section's entries.",
            "{}: section {}: {} not set", context_.inputs.label, section_.name,
            row_.size_variable);
      size = *known;
    }
    for (std::uint64_t at = 0; at < section_.size(); at += size)
      starts_.push_back(at);
    starts_.push_back(section_.size()); // the last entry may lack its padding
  }

  /// A piece of .fixup reaches from one target of __ex_table to the next.
  void find_fixup_pieces() {
    const SectionId exceptions = side_.object.find_section(kExceptions);
    if (!exceptions || !side_.section(exceptions).has_relocations)
      fail("{}: missing .rela__ex_table section", context_.inputs.label);
    for (const elf::Relocation& relocation : side_.section(exceptions).relocations)
      if (side_.symbol(relocation.symbol).name == kFixupSection &&
          relocation.addend >= 0 &&
          static_cast<std::uint64_t>(relocation.addend) < section_.size())
        starts_.push_back(static_cast<std::uint64_t>(relocation.addend));
    std::ranges::sort(starts_);
    starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
    if (section_.size() > 0 && (starts_.empty() || starts_[0] != 0))
      fail("{}: can't find .fixup rela group at offset 0", context_.inputs.label);
    starts_.push_back(section_.size());
  }

  std::size_t entry_of(const elf::Relocation& relocation) const {
    const auto after = std::ranges::upper_bound(starts_, relocation.offset);
    if (after == starts_.begin() || after == starts_.end())
      fail("{}: section {}: relocation at {:#x} lies outside it", context_.inputs.label,
           section_.name, relocation.offset);
    return static_cast<std::size_t>(after - starts_.begin()) - 1;
  }

  /// Groups the relocations by entry; within one they keep their order.
  void sort_relocations() {
    std::vector<std::uint32_t> entries;
    entries.reserve(section_.relocations.size());
    firsts_.assign(starts_.size() + 1, 0);
    for (const elf::Relocation& relocation : section_.relocations) {
      entries.push_back(static_cast<std::uint32_t>(entry_of(relocation)));
      ++firsts_[entries.back() + 1];
    }
    std::partial_sum(firsts_.begin(), firsts_.end(), firsts_.begin());
    if (std::ranges::is_sorted(entries))
      return;
    std::vector<std::uint32_t> next = firsts_;
    std::vector<elf::Relocation> sorted(section_.relocations.size());
    for (std::size_t i = 0; i < entries.size(); ++i)
      sorted[next[entries[i]]++] = section_.relocations[i];
    section_.relocations = std::move(sorted);
  }

  std::span<const elf::Relocation> relocations_of(std::size_t entry) const {
    return std::span(section_.relocations)
        .subspan(firsts_[entry], firsts_[entry + 1] - firsts_[entry]);
  }

  bool is_wanted(std::span<const elf::Relocation> relocations) {
    if (!std::ranges::any_of(relocations, [&](const elf::Relocation& relocation) {
          return describes_patch(side_, relocation);
        }))
      return false;
    switch (row_.filter) {
    case Filter::kNone: return true;
    case Filter::kJumpLabel: return keeps_jump_label(context_, relocations);
    case Filter::kStaticCall: return keeps_static_call(context_, relocations);
    }
    return true;
  }

  void keep(std::size_t entry) {
    const Move move{starts_[entry], starts_[entry + 1], data_.size()};
    moves_.push_back(move);
    for (elf::Relocation relocation : relocations_of(entry)) {
      relocation.offset = relocation.offset - move.from + move.to;
      relocations_.push_back(relocation);
      side_.symbols[relocation.symbol].included = true;
    }
    const auto at = [&](std::uint64_t offset) {
      return section_.data.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    data_.insert(data_.end(), at(move.from), at(move.end));
  }

  void finish() {
    if (moves_.empty())
      return leave_out(side_, id_);
    SectionState& state = side_.sections[id_];
    state.included = true;
    state.reason = {ReasonKind::kDescribes};
    if (state.section_symbol)
      side_.symbols[state.section_symbol].included = true;
    section_.data = std::move(data_);
    section_.relocations = std::move(relocations_);
    if (row_.entries == Entries::kFixup)
      follow_moved_fixups();
  }

  void follow_moved_fixups() {
    elf::Section& exceptions =
        side_.object.sections[side_.object.find_section(kExceptions)];
    for (elf::Relocation& relocation : exceptions.relocations) {
      if (side_.symbol(relocation.symbol).name != kFixupSection || relocation.addend < 0)
        continue;
      const auto target = static_cast<std::uint64_t>(relocation.addend);
      auto move = std::ranges::upper_bound(moves_, target, {}, &Move::from);
      if (move != moves_.begin() && target < (--move)->end)
        relocation.addend = static_cast<std::int64_t>(target - move->from + move->to);
    }
  }

  Context& context_;
  Side& side_;
  const SpecialSection& row_;
  SectionId id_;
  elf::Section& section_;
  Starts starts_;
  std::vector<std::uint32_t> firsts_; ///< of each entry, its first relocation
  std::vector<Move> moves_;           ///< ascending
  Bytes data_;
  std::vector<elf::Relocation> relocations_;
};

/// Nothing fills in for a module what the kernel fills in for its own image.
void refuse_what_it_describes(Context& context, SectionId id) {
  Side& patched = context.patched;
  const elf::Section& section = patched.section(id);
  std::set<SymbolId> told;
  for (const elf::Relocation& relocation : section.relocations)
    if (describes_patch(patched, relocation) && told.insert(relocation.symbol).second) {
      const std::string& name = patched.symbol(relocation.symbol).name;
      add_problem(
          context, code::kImageOnly, name,
          fmt::format("function {} has code that {} describes, which the kernel "
                      "fills in while it boots and for its own image only",
                      name, section.name),
          "Make the change in a function that calls it, or compute the value from "
          "the variable itself instead of the runtime constant.");
    }
  leave_out(patched, id);
}

void treat(Context& context, const SpecialSection& row, SectionId id) {
  switch (row.policy) {
  case Policy::kFilter: return Rebuild(context, row, id).run();
  case Policy::kLeaveOut: return leave_out(context.patched, id);
  case Policy::kRefuse: return refuse_what_it_describes(context, id);
  case Policy::kRegenerate: return; // never counted as changed
  }
}

/// The replacement code of the alternatives that are kept has no symbol of its own to be
/// found by.
void include_replacements(Context& context) {
  Side& patched = context.patched;
  const SectionId alternatives = patched.object.find_section(kAlternatives);
  const SectionId replacements = patched.object.find_section(kReplacements);
  if (!alternatives || !replacements || !patched.sections[alternatives].included)
    return;
  const Reason reason{ReasonKind::kDescribes};
  patched.sections[replacements].included = true;
  patched.sections[replacements].reason = reason;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id)
    if (patched.home(id) == replacements)
      patched.symbols[id].included = true;
  for (const elf::Relocation& relocation : patched.section(replacements).relocations)
    include_symbol(context, relocation.symbol, reason);
}

void leave_out_for_klp_arch(Context& context) {
  Side& patched = context.patched;
  for (const std::string_view name : kTooEarlyForKlpArch)
    if (const SectionId id = patched.object.find_section(name))
      leave_out(patched, id);
}

/// The special sections of the object in the order of the table.
std::vector<std::pair<const SpecialSection*, SectionId>> special_ones(const Side& side) {
  std::vector<std::pair<const SpecialSection*, SectionId>> found;
  for (SectionId id = 1; id < side.sections.size(); ++id)
    if (const SpecialSection* row =
            find_special_section(side.section(id).name, side.arch);
        row && side.section(id).has_relocations)
      found.emplace_back(row, id);
  std::ranges::stable_sort(found, {}, [](const auto& entry) { return entry.first; });
  return found;
}

} // namespace

void rebuild_special_sections(Context& context) {
  for (const auto& [row, id] : special_ones(context.patched))
    treat(context, *row, id);
  include_replacements(context);
  if (context.inputs.klp_arch)
    leave_out_for_klp_arch(context);
}

} // namespace kpatch::diff
