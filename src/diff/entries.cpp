// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a function does is not all in its code. The key of a static branch, the flags of a
// warning, the feature that an alternative asks for and its replacement, where a fault is
// handled: all that stands in tables of the kernel, and the code is the same whatever
// they say:
//
//   f: nopl (a static branch)      __jump_table: [f+0x5, f+0x20, key a]   was   key b
//
// So entries are part of the function that they describe and compared with its twin's, in
// their order. The tables themselves mean nothing: they shift with every entry.
#include "arch/toc.h"
#include "base/error.h"
#include "diff/explain.h"
#include "diff/special_entries.h"
#include "special/names.h"

#include <algorithm>
#include <deque>
#include <map>

namespace kpatch::diff {

namespace {

constexpr std::uint64_t kLineSize = 2; // unsigned short (linux/bug.h, struct bug_entry)

/// An entry in its table.
struct Entry {
  const EntryTable* table = nullptr;
  std::size_t index = 0;

  std::span<const elf::Relocation> relocations() const {
    return table->relocations(index);
  }
};

/// By the function that the first of their references describes.
using ByOwner = std::map<SymbolId, std::vector<Entry>>;

bool differs(const Side& side, SectionId id) {
  const SectionState& state = side.sections[id];
  return !state.twin || state.content != Status::kSame ||
         (side.section(id).has_relocations && state.relocations != Status::kSame);
}

/// How many things an entry of a table may name.
struct ReferenceCount {
  std::size_t least = 1;
  std::size_t most = 4; // ppc64's fixups: place and end, twice
};

ReferenceCount references_of(const special::SpecialSection& row) {
  switch (row.filter) {
  case special::Filter::kJumpLabel: return {3, 3}; // place, target, key
  case special::Filter::kStaticCall: return {2, 2};
  case special::Filter::kNone: break;
  }
  return row.names_line ? ReferenceCount{1, 3} : ReferenceCount(); // place, format, file
}

/// The size of entries comes from outside. One that is not this object's is told where an
/// entry travels; until then it only says that nothing can be compared.
bool is_well_cut(const EntryTable& table, const special::SpecialSection& row) {
  const ReferenceCount expected = references_of(row);
  for (std::size_t i = 0; row.entries == special::Entries::kStruct && i < table.size();
       ++i) {
    const auto given = table.relocations(i);
    if (given.size() < expected.least || given.size() > expected.most ||
        given[0].offset - table.start(i) !=
            table.relocations(0)[0].offset - table.start(0))
      return false;
  }
  return true;
}

/// A jump label that leads from a place to that place switches nothing.
bool is_void(const Entry& entry, const special::SpecialSection& row) {
  const auto references = entry.relocations();
  return row.filter == special::Filter::kJumpLabel &&
         references[0].symbol == references[1].symbol &&
         references[0].addend == references[1].addend;
}

/// Code in sections that are cut up by the entries that name it.
bool is_cut_by_users(const Side& side, SectionId id) {
  const std::string& name = side.section(id).name;
  return special::has_no_symbols(name) && name != arch::kTocSection &&
         !special::is_ubsan_name(name);
}

class EntryComparison {
 public:
  explicit EntryComparison(Context& context)
      : context_(context), original_(context.original), patched_(context.patched) {
    for (SectionId id = 1; id < patched_.sections.size(); ++id)
      pieces_differ_ |= is_cut_by_users(patched_, id) && differs(patched_, id);
    for (SectionId id = 1; id < original_.sections.size(); ++id)
      pieces_differ_ |= is_cut_by_users(original_, id) && !original_.sections[id].twin;
  }

  void run() {
    for (const special::SpecialSection& row : special::special_sections())
      if (row.tells_function && (row.policy == special::Policy::kFilter ||
                                 row.policy == special::Policy::kRefuse))
        compare(row);
    if (pieces_differ_)
      compare_auxiliary_code();
  }

 private:
  /// The sections of a row, and whether one has no twin or differs from it.
  std::vector<SectionId> sections_of(const Side& side, const special::SpecialSection& row,
                                     bool& is_different) const {
    std::vector<SectionId> ids;
    for (SectionId id = 1; id < side.sections.size(); ++id) {
      const elf::Section& section = side.section(id);
      if (!section.has_relocations || side.sections[id].ignored ||
          special::find_special_section(section.name, side.arch) != &row)
        continue;
      ids.push_back(id);
      is_different |= &side == &patched_ ? differs(side, id) : !side.sections[id].twin;
    }
    return ids;
  }

  void compare(const special::SpecialSection& row) {
    bool is_different = row.names_replacement && pieces_differ_;
    const std::vector<SectionId> now = sections_of(patched_, row, is_different);
    const std::vector<SectionId> before = sections_of(original_, row, is_different);
    is_different |= now.size() != before.size();
    if (!is_different)
      return;
    row_ = &row;
    tables_.clear();
    is_trusted_ = true;
    const ByOwner ours = by_owner(patched_, now);
    const ByOwner theirs = by_owner(original_, before);
    if (!is_trusted_)
      return;
    for (const auto& [owner, entries] : ours)
      if (const SymbolId twin = patched_.symbols[owner].twin) {
        const auto found = theirs.find(twin);
        judge(owner, entries,
              found == theirs.end() ? std::vector<Entry>() : found->second);
      }
    for (const auto& [owner, entries] : theirs)
      if (const SymbolId twin = original_.symbols[owner].twin;
          twin && !ours.contains(twin))
        judge(twin, {}, entries);
  }

  ByOwner by_owner(const Side& side, const std::vector<SectionId>& ids) {
    ByOwner result;
    for (const SectionId id : ids) {
      const EntryTable& table = tables_.emplace_back(context_, side, *row_, id);
      is_trusted_ &= is_well_cut(table, *row_);
      if (!is_trusted_)
        return {};
      for (std::size_t i = 0; i < table.size(); ++i)
        if (const Entry entry{&table, i}; !is_void(entry, *row_))
          if (const SymbolId owner = owner_of(side, entry.relocations()))
            result[owner].push_back(entry);
    }
    return result;
  }

  void judge(SymbolId owner, const std::vector<Entry>& now,
             const std::vector<Entry>& before) {
    if (patched_.symbols[owner].status != Status::kSame)
      return;
    for (std::size_t i = 0; i < std::min(now.size(), before.size()); ++i)
      if (const std::string what = difference(now[i], before[i]); !what.empty())
        return mark(owner,
                    fmt::format("its entry in {} {}", name_of(patched_, now[i]), what));
    if (now.size() > before.size())
      mark(owner, fmt::format("it has a new entry in {}",
                              name_of(patched_, now[before.size()])));
    if (now.size() < before.size())
      mark(owner, fmt::format("it has an entry less in {}",
                              name_of(original_, before[now.size()])));
  }

  static const std::string& name_of(const Side& side, const Entry& entry) {
    return side.section(entry.table->section()).name;
  }

  /// In words that follow "its entry in TABLE"; empty if there is none.
  std::string difference(const Entry& now, const Entry& before) const {
    if (name_of(patched_, now) != name_of(original_, before))
      return fmt::format("was in {}", name_of(original_, before));
    const auto ours = now.relocations();
    const auto theirs = before.relocations();
    const bool names_line = row_->names_line && ours.size() > 1;
    if (ours.size() != theirs.size())
      return "refers to other things";
    for (std::size_t i = 0; i < ours.size() - (names_line ? 1 : 0); ++i)
      if (std::string what = difference(now, ours[i], before, theirs[i]); !what.empty())
        return what;
    if (told_bytes(patched_, now) != told_bytes(original_, before))
      return "differs";
    const auto piece = replacement_of(context_, patched_, *row_, *now.table, now.index);
    const auto old =
        replacement_of(context_, original_, *row_, *before.table, before.index);
    if (!piece || !old)
      return !piece == !old ? "" : "has its replacement elsewhere";
    return piece_difference("replacement code that", *piece, *old);
  }

  std::string difference(const Entry& now, const elf::Relocation& ours,
                         const Entry& before, const elf::Relocation& theirs) const {
    const std::uint64_t place = ours.offset - now.table->start(now.index);
    if (place != theirs.offset - before.table->start(before.index))
      return "refers to other things";
    const SectionId home = patched_.home(ours.symbol);
    const SectionId old = original_.home(theirs.symbol);
    if (home && old && is_cut_by_users(patched_, home) && is_cut_by_users(original_, old))
      return {}; // only what lies there counts
    return reference_difference({now.table->section(), ours},
                                {before.table->section(), theirs});
  }

  std::string reference_difference(const Placed& now, const Placed& before) const {
    if (means_same(context_, now, before))
      return {};
    std::string ours = target_name(patched_, now.section, now.relocation);
    std::string theirs = target_name(original_, before.section, before.relocation);
    if (ours == theirs) {
      ours += fmt::format("{:+#x}", now.relocation.addend);
      theirs += fmt::format("{:+#x}", before.relocation.addend);
    }
    return fmt::format("refers to {} instead of {}", ours, theirs);
  }

  /// The bytes of an entry, with its line as zeroes: that shifts with every change above.
  Bytes told_bytes(const Side& side, const Entry& entry) const {
    const auto given = entry.table->bytes(entry.index);
    Bytes bytes(given.begin(), given.end());
    const auto relocations = entry.relocations();
    if (!row_->names_line || relocations.size() < 2)
      return bytes;
    const elf::Relocation& file = relocations.back();
    const std::uint64_t line = file.offset - entry.table->start(entry.index) +
                               (file.type == side.arch.absolute64() ? 8 : 4);
    for (std::uint64_t i = line; i < std::min(line + kLineSize, bytes.size()); ++i)
      bytes[i] = 0;
    return bytes;
  }

  static std::vector<elf::Relocation> relocations_in(const Side& side,
                                                     const Piece& piece) {
    std::vector<elf::Relocation> found;
    for (const elf::Relocation& relocation : side.section(piece.section).relocations)
      if (relocation.offset >= piece.start && relocation.offset < piece.end)
        found.push_back(relocation);
    return found;
  }

  static std::span<const std::uint8_t> code_of(const Side& side, const Piece& piece) {
    const std::span<const std::uint8_t> data = side.section(piece.section).data;
    return data.subspan(std::min<std::uint64_t>(piece.start, data.size()))
        .first(std::min<std::uint64_t>(
            piece.end - piece.start,
            data.size() - std::min<std::uint64_t>(piece.start, data.size())));
  }

  std::string piece_difference(std::string_view subject, const Piece& now,
                               const Piece& before) const {
    const auto ours = relocations_in(patched_, now);
    const auto theirs = relocations_in(original_, before);
    for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i)
      if (const std::string what =
              reference_difference({now.section, ours[i]}, {before.section, theirs[i]});
          !what.empty())
        return fmt::format("has {} {}", subject, what);
    const bool same_places =
        std::ranges::equal(ours, theirs, [&](const auto& a, const auto& b) {
          return a.offset - now.start == b.offset - before.start;
        });
    if (!same_places ||
        !std::ranges::equal(code_of(patched_, now), code_of(original_, before)))
      return fmt::format("has {} differs", subject);
    return {};
  }

  /// Until alternatives are applied, and where a processor is asked that is not the boot
  /// one, the code jumps there (asm/cpufeature.h, _static_cpu_has).
  void compare_auxiliary_code() {
    const AuxiliaryCode now(patched_);
    const AuxiliaryCode before(original_);
    for (SectionId id = 1; id < patched_.sections.size(); ++id) {
      const SectionId twin = patched_.sections[id].twin;
      if (!twin || id == now.section() || !patched_.section(id).is_text())
        continue;
      const auto& ours = patched_.section(id).relocations;
      const auto& theirs = original_.section(twin).relocations;
      for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
        const auto piece = now.piece(id, ours[i]);
        const auto old = before.piece(twin, theirs[i]);
        if (piece && old)
          if (const std::string what =
                  piece_difference("code in .altinstr_aux that", *piece, *old);
              !what.empty())
            mark_section(id, "it " + what);
      }
    }
  }

  void mark_section(SectionId id, const std::string& what) {
    if (const SymbolId bundled = patched_.sections[id].bundled)
      mark(bundled, what);
    else
      patched_.sections[id].content = Status::kChanged;
  }

  void mark(SymbolId function, const std::string& what) {
    const SectionId home = patched_.home(function);
    if (!home || patched_.sections[home].bundled != function) {
      // Functions that share a section are judged with it.
      patched_.sections[home].content = Status::kChanged;
      return;
    }
    if (patched_.symbols[function].status != Status::kSame)
      return;
    context_.entry_changes.emplace(function, what);
    patched_.symbols[function].status = Status::kChanged;
    // A piece that ftrace cannot redirect by itself travels with its function.
    for (SymbolId piece = function; !patched_.symbols[piece].has_ftrace_entry;) {
      piece = patched_.symbols[piece].parent;
      if (!piece || patched_.symbols[piece].status != Status::kSame)
        break;
      patched_.symbols[piece].status = Status::kChanged;
    }
  }

  Context& context_;
  Side& original_;
  Side& patched_;
  const special::SpecialSection* row_ = nullptr;
  std::deque<EntryTable> tables_;
  bool is_trusted_ = true;     ///< the tables are cut where entries begin
  bool pieces_differ_ = false; ///< of replacement, fixup or auxiliary code
};

} // namespace

void compare_entries(Context& context) {
  EntryComparison(context).run();
}

} // namespace kpatch::diff
