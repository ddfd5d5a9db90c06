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

class Rebuild {
 public:
  Rebuild(Context& context, const SpecialSection& row, SectionId id)
      : context_(context), side_(context.patched), row_(row), id_(id),
        section_(context.patched.object.sections[id]) {}

  void run() {
    find_entries();
    sort_relocations();
    for (std::size_t entry = 0; entry + 1 < starts_.size(); ++entry)
      if (is_wanted(entry))
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

  /// Groups the relocations by entry; within one they keep their order.
  void sort_relocations() {
    by_entry_.resize(starts_.size());
    for (const elf::Relocation& relocation : section_.relocations) {
      const auto after = std::ranges::upper_bound(starts_, relocation.offset);
      if (after == starts_.begin() || after == starts_.end())
        fail("{}: section {}: relocation at {:#x} lies outside it", context_.inputs.label,
             section_.name, relocation.offset);
      by_entry_[static_cast<std::size_t>(after - starts_.begin()) - 1].push_back(
          relocation);
    }
  }

  bool is_wanted(std::size_t entry) {
    const auto& relocations = by_entry_[entry];
    const bool describes_patch =
        std::ranges::any_of(relocations, [&](const elf::Relocation& relocation) {
          const SectionId home = side_.home(relocation.symbol);
          return side_.symbol(relocation.symbol).is_function() && home &&
                 side_.sections[home].included;
        });
    if (!describes_patch)
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
    for (elf::Relocation relocation : by_entry_[entry]) {
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
    SectionState& state = side_.sections[id_];
    state.included = !moves_.empty();
    if (moves_.empty()) {
      state.content = state.relocations = Status::kSame;
      return;
    }
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
      for (const Move& move : moves_)
        if (target >= move.from && target < move.end) {
          relocation.addend = static_cast<std::int64_t>(target - move.from + move.to);
          break;
        }
    }
  }

  Context& context_;
  Side& side_;
  const SpecialSection& row_;
  SectionId id_;
  elf::Section& section_;
  std::vector<std::uint64_t> starts_; ///< of each entry; the section's end is the last
  std::vector<std::vector<elf::Relocation>> by_entry_;
  std::vector<Move> moves_;
  Bytes data_;
  std::vector<elf::Relocation> relocations_;
};

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
    if (const SectionId id = patched.object.find_section(name)) {
      patched.sections[id].content = patched.sections[id].relocations = Status::kSame;
      patched.sections[id].included = false;
    }
}

} // namespace

void rebuild_special_sections(Context& context) {
  Side& patched = context.patched;
  for (const SpecialSection& row : special_sections()) {
    const SectionId id = patched.object.find_section(row.name);
    if ((row.archs & patched.arch.bit()) && id && patched.section(id).has_relocations)
      Rebuild(context, row, id).run();
  }
  include_replacements(context);
  if (context.inputs.klp_arch)
    leave_out_for_klp_arch(context);
}

} // namespace kpatch::diff
