// SPDX-License-Identifier: GPL-2.0-or-later
//
// Rebuilds the special sections of the patched object entry by entry. An entry is a few
// bytes whose relocations point at code (and at keys, replacements, handlers); it is kept
// if one of them names a function that is part of the patch. The kept ones close ranks:
//
//   __bug_table: [f] [g] [f] [h]   with f in the patch   becomes   [f] [f]
//
// This file walks the table of special_table.cpp and knows no section by name.
#include "base/error.h"
#include "diff/alternatives.h"
#include "diff/context.h"
#include "diff/entry_references.h"
#include "diff/jump_labels.h"
#include "diff/special_entries.h"
#include "elf/kernel_sections.h"

#include <algorithm>
#include <array>
#include <set>

namespace kpatch::diff {

namespace {

/// Kernels before 5.8 initialise jump labels before a livepatch's relocations are
/// written, so a patch for them goes without.
constexpr std::array<std::string_view, 4> kTooEarlyForKlpArch = {
    elf::kJumpLabels, "__tracepoints", "__tracepoints_ptrs", "__tracepoints_strings"};

void drop(Side& side, SectionId id) {
  SectionState& state = side.sections[id];
  state.content = state.relocations = Status::kSame;
  state.included = false;
}

/// Nothing of it is there to be referred to.
void leave_out(Context& context, SectionId id) {
  follow_entries(context, id, {});
  drop(context.patched, id);
}

bool describes_patch(const Side& side, const elf::Relocation& relocation) {
  const SectionId home = side.home(relocation.symbol);
  return side.symbol(relocation.symbol).is_function() && home &&
         side.sections[home].included;
}

class Rebuild {
 public:
  Rebuild(Context& context, const special::SpecialSection& row, SectionId id)
      : context_(context), side_(context.patched), row_(row), id_(id),
        section_(context.patched.object.sections[id]),
        table_(context, context.patched, row, id) {}

  void run() {
    for (std::size_t entry = 0; entry < table_.size(); ++entry)
      if (is_wanted(table_.relocations(entry)))
        keep(entry);
    finish();
  }

 private:
  bool is_wanted(std::span<const elf::Relocation> relocations) {
    if (!std::ranges::any_of(relocations, [&](const elf::Relocation& relocation) {
          return describes_patch(side_, relocation);
        }))
      return false;
    switch (row_.filter) {
    case special::Filter::kNone: return true;
    case special::Filter::kJumpLabel: return keeps_jump_label(context_, relocations);
    case special::Filter::kStaticCall: return keeps_static_call(context_, relocations);
    }
    return true;
  }

  void keep(std::size_t entry) {
    const Move move{table_.start(entry), table_.end(entry), data_.size()};
    moves_.push_back(move);
    for (elf::Relocation relocation : table_.relocations(entry)) {
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
      return leave_out(context_, id_);
    follow_entries(context_, id_, moves_);
    SectionState& state = side_.sections[id_];
    state.included = true;
    state.reason = {ReasonKind::kDescribes};
    if (state.section_symbol)
      side_.symbols[state.section_symbol].included = true;
    section_.data = std::move(data_);
    section_.relocations = std::move(relocations_);
  }

  Context& context_;
  Side& side_;
  const special::SpecialSection& row_;
  SectionId id_;
  elf::Section& section_;
  EntryTable table_;
  std::vector<Move> moves_; ///< ascending
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
  leave_out(context, id);
}

void treat(Context& context, const special::SpecialSection& row, SectionId id) {
  switch (row.policy) {
  case special::Policy::kFilter: return Rebuild(context, row, id).run();
  case special::Policy::kLeaveOut: return leave_out(context, id);
  case special::Policy::kRefuse: return refuse_what_it_describes(context, id);
  case special::Policy::kRegenerate: return; // never counted as changed
  }
}

/// A table without references describes nothing, whatever it was before.
void leave_out_empty_tables(Context& context) {
  const Side& patched = context.patched;
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (const special::SpecialSection* row =
            special::find_special_section(patched.section(id).name, patched.arch);
        row && row->policy == special::Policy::kFilter &&
        !patched.section(id).has_relocations)
      leave_out(context, id);
}

void leave_out_for_klp_arch(Context& context) {
  Side& patched = context.patched;
  for (const std::string_view name : kTooEarlyForKlpArch)
    if (const SectionId id = patched.object.find_section(name))
      drop(patched, id);
}

} // namespace

void rebuild_special_sections(Context& context) {
  cut_alternatives(context);
  for (const auto& [row, id] : special_ones(context.patched))
    treat(context, *row, id);
  leave_out_empty_tables(context);
  if (context.inputs.klp_arch)
    leave_out_for_klp_arch(context);
}

} // namespace kpatch::diff
