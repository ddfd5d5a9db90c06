// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tables of the kernel describe code, but code may name their entries as well. Since 6.19
// x86's WARN() with a text hands its entry to a function, which takes the text, and so
// how to read the other arguments, from there (arch/x86/include/asm/bug.h):
//
//   f:  lea __bug_table+0x20(%rip), %rdi        __bug_table: [e] [e] [f] [g]
//       call __WARN_trap
//
// Where the entry lies means nothing: one more WARN in e moves all that follow. And when
// only entries of the patch stay, the reference has to go with its entry, or f would
// print with another entry's text.
#include "diff/entry_references.h"

#include "diff/special_entries.h"

#include <algorithm>

namespace kpatch::diff {

namespace {

constexpr const char* kEntryLeftOut = "KP2020";
constexpr const char* kLeftOutRemedy =
    "Keep code and the table entry that it uses in one function, or make the change in a "
    "function that calls it.";

const special::SpecialSection* row_of(const Side& side, SectionId id) {
  return special::find_special_section(side.section(id).name, side.arch);
}

/// Whether the row says where entries begin. Pieces of .fixup have no size.
bool can_be_cut(const Context& context, const special::SpecialSection& row) {
  switch (row.entries) {
  case special::Entries::kFixed: return true;
  case special::Entries::kStruct:
    return special::size_of(context.inputs.sizes, row.structure).value_or(0) != 0;
  case special::Entries::kFixup: return false;
  }
  return false;
}

std::int64_t target_of(const Side& side, SectionId base,
                       const elf::Relocation& relocation) {
  return static_cast<std::int64_t>(side.symbol(relocation.symbol).value) +
         side.target_offset(base, relocation);
}

class Follower {
 public:
  Follower(Context& context, SectionId table, std::span<const Move> moves)
      : context_(context), side_(context.patched), table_(table), moves_(moves) {}

  void run() {
    for (SectionId id = 1; id < side_.sections.size(); ++id) {
      const elf::Section& section = side_.section(id);
      const bool is_table = row_of(side_, id) != nullptr;
      if (id == table_ || !(section.flags & SHF_ALLOC) ||
          !(is_table || side_.sections[id].included))
        continue;
      for (elf::Relocation& relocation : side_.object.sections[id].relocations)
        if (side_.home(relocation.symbol) == table_ && !is_kernels(relocation.symbol))
          follow(id, relocation, is_table);
    }
  }

 private:
  /// What has a name and is the same stays where the running kernel has it.
  bool is_kernels(SymbolId id) const {
    return !side_.symbol(id).is_section() && side_.symbols[id].twin;
  }

  void follow(SectionId base, elf::Relocation& relocation, bool is_table) {
    const std::int64_t target = target_of(side_, base, relocation);
    const auto at = static_cast<std::uint64_t>(target);
    const auto after = std::ranges::upper_bound(moves_, at, {}, &Move::from);
    if (target >= 0 && after != moves_.begin() && at < (after - 1)->end) {
      const Move& move = *(after - 1);
      relocation.addend +=
          static_cast<std::int64_t>(move.to) - static_cast<std::int64_t>(move.from);
    } else if (!is_table) { // entries of other tables that refer to it stay out as well
      refuse(base, relocation);
    }
  }

  void refuse(SectionId base, const elf::Relocation& relocation) {
    const SymbolId bundled = side_.sections[base].bundled;
    const std::string& name =
        bundled ? side_.symbol(bundled).name : side_.section(base).name;
    add_problem(context_, kEntryLeftOut, name,
                fmt::format("{} refers at {:#x} to an entry of {} that describes code "
                            "outside the patch, and such entries are left out",
                            name, relocation.offset, side_.section(table_).name),
                kLeftOutRemedy);
  }

  Context& context_;
  Side& side_;
  SectionId table_;
  std::span<const Move> moves_;
};

} // namespace

std::optional<DescribedEntry> entry_referred_to(const Context& context, const Side& side,
                                                const Placed& from) {
  const SectionId home = side.home(from.relocation.symbol);
  if (!home || side.section(home).is_text() || row_of(side, from.section))
    return std::nullopt;
  const special::SpecialSection* row = row_of(side, home);
  const std::int64_t target = row ? target_of(side, from.section, from.relocation) : -1;
  if (target < 0 || static_cast<std::uint64_t>(target) >= side.section(home).size() ||
      !can_be_cut(context, *row))
    return std::nullopt;
  const EntryTable table(context, side, *row, home);
  std::size_t entry = 0;
  while (table.end(entry) <= static_cast<std::uint64_t>(target))
    ++entry;
  DescribedEntry found{.row = row,
                       .owner = owner_of(side, table.relocations(entry)),
                       .offset = static_cast<std::uint64_t>(target) - table.start(entry)};
  for (std::size_t i = 0; i < entry; ++i)
    if (owner_of(side, table.relocations(i)) == found.owner)
      ++found.number;
  return found.owner ? std::optional(found) : std::nullopt;
}

void follow_entries(Context& context, SectionId table, std::span<const Move> moves) {
  Follower(context, table, moves).run();
}

} // namespace kpatch::diff
