// SPDX-License-Identifier: GPL-2.0-or-later
//
// The code that alternatives put in the place of other code, and the one that runs until
// they do, lies together in two sections of the unit:
//
//   .altinstr_replacement: [f] [g] [f]    with f in the patch    becomes    [f] [f]
//
// A piece belongs to the function whose entry names it. What others' pieces refer to is
// none of the patch's business: it may be init code that is gone, or nothing that the
// kernel has a name for.
#include "diff/alternatives.h"

#include "diff/special_entries.h"
#include "elf/kernel_sections.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace kpatch::diff {

namespace {

constexpr std::array<std::string_view, 2> kCut = {elf::kReplacements,
                                                  elf::kAlternativesAside};

class Alternatives {
 public:
  explicit Alternatives(Context& context)
      : context_(context), side_(context.patched), auxiliary_(context.patched) {
    for (const auto& [row, id] : special_ones(side_))
      if (row->names_replacement)
        read_entries(*row, id);
    for (const std::string_view name : kCut)
      if (const SectionId id = side_.object.find_section(name))
        cuttable_.insert(id);
  }

  /// What the pieces refer to may be new code with alternatives of its own.
  void include() {
    for (std::size_t known = 0; find_wanted() != known;) {
      known = wanted_.size();
      for (const auto& [key, user] : wanted_)
        for (const elf::Relocation& relocation : side_.section(key.section).relocations)
          if (relocation.offset >= key.start && relocation.offset < key.end)
            include_symbol(context_, relocation.symbol, {ReasonKind::kDescribes, user});
    }
  }

  void cut() {
    find_wanted();
    for (const SectionId id : cuttable_)
      cut(id);
  }

 private:
  struct Key {
    SectionId section;
    std::uint64_t start;
    std::uint64_t end;
    auto operator<=>(const Key&) const = default;
  };

  struct Replacement {
    Piece piece;
    std::vector<SymbolId> describes; ///< functions
  };

  /// A piece that stays, and where it goes.
  struct Move {
    std::uint64_t from = 0;
    std::uint64_t end = 0;
    std::uint64_t to = 0;
  };
  using Moves = std::vector<Move>; ///< ascending

  void read_entries(const special::SpecialSection& row, SectionId id) {
    const EntryTable table(context_, side_, row, id);
    tables_.insert(id);
    for (std::size_t entry = 0; entry < table.size(); ++entry) {
      const auto piece = replacement_of(context_, side_, row, table, entry);
      if (!piece)
        continue;
      cuttable_.insert(piece->section);
      Replacement replacement{*piece, {}};
      for (const elf::Relocation& relocation : table.relocations(entry))
        if (side_.symbol(relocation.symbol).is_function() &&
            side_.home(relocation.symbol))
          replacement.describes.push_back(relocation.symbol);
      replacements_.push_back(std::move(replacement));
    }
  }

  /// The pieces that code of the patch names; returns how many there are.
  std::size_t find_wanted() {
    for (const Replacement& replacement : replacements_)
      for (const SymbolId function : replacement.describes)
        if (side_.sections[side_.home(function)].included)
          want(replacement.piece, function);
    for (SectionId id = 1; auxiliary_.section() && id < side_.sections.size(); ++id)
      if (side_.sections[id].included && side_.section(id).is_text())
        for (const elf::Relocation& relocation : side_.section(id).relocations)
          if (const auto piece = auxiliary_.piece(id, relocation))
            want(*piece, side_.sections[id].bundled);
    return wanted_.size();
  }

  void want(const Piece& piece, SymbolId user) {
    needed_.insert(piece.section);
    if (piece.start < piece.end)
      wanted_.emplace(Key{piece.section, piece.start, piece.end}, user);
  }

  Moves moves_in(SectionId id) const {
    Moves moves;
    for (const auto& [key, user] : wanted_) {
      if (key.section != id)
        continue;
      if (!moves.empty() && key.start < moves.back().end) {
        moves.back().end = std::max(moves.back().end, key.end);
        continue;
      }
      const std::uint64_t to =
          moves.empty() ? 0 : moves.back().to + moves.back().end - moves.back().from;
      moves.push_back({key.start, key.end, to});
    }
    return moves;
  }

  static const Move* move_of(const Moves& moves, std::uint64_t place) {
    const auto after = std::ranges::upper_bound(moves, place, {}, &Move::from);
    if (after == moves.begin() || place >= (after - 1)->end)
      return nullptr;
    return &*(after - 1);
  }

  void cut(SectionId id) {
    SectionState& state = side_.sections[id];
    state.content = state.relocations = Status::kSame; // said of the functions
    state.included = needed_.contains(id);
    state.reason = {ReasonKind::kDescribes};
    const Moves moves = moves_in(id);
    redirect_references(id, moves);
    move_symbols(id, moves);
    move_contents(side_.object.sections[id], moves);
  }

  /// Before the contents move: what is referred to depends on the instruction.
  void redirect_references(SectionId id, const Moves& moves) {
    for (SectionId base = 1; base < side_.sections.size(); ++base) {
      const bool is_debug = special::is_debug_section(side_.section(base).name);
      const bool is_table = tables_.contains(base);
      std::erase_if(side_.object.sections[base].relocations, [&](elf::Relocation& r) {
        if (side_.home(r.symbol) != id || base == id)
          return false;
        const auto target = static_cast<std::int64_t>(side_.symbol(r.symbol).value) +
                            (is_debug ? r.addend : side_.target_offset(base, r));
        const Move* move =
            target < 0 ? nullptr : move_of(moves, static_cast<std::uint64_t>(target));
        if (!side_.symbol(r.symbol).is_section())
          return !move && is_debug; // the symbol moves
        if (move)
          r.addend +=
              static_cast<std::int64_t>(move->to) - static_cast<std::int64_t>(move->from);
        else if (is_table)
          r.addend -= target; // nothing is there to be named
        return !move && is_debug;
      });
    }
  }

  void move_symbols(SectionId id, const Moves& moves) {
    for (SymbolId symbol = 1; symbol < side_.symbols.size(); ++symbol) {
      if (side_.home(symbol) != id)
        continue;
      const bool is_section = side_.symbol(symbol).is_section();
      std::uint64_t& value = side_.object.symbols[symbol].value;
      const Move* move = move_of(moves, value);
      side_.symbols[symbol].included =
          side_.sections[id].included && (is_section || move);
      if (move && !is_section)
        value += move->to - move->from;
    }
  }

  static void move_contents(elf::Section& section, const Moves& moves) {
    Bytes data;
    std::vector<elf::Relocation> relocations;
    for (const Move& move : moves) {
      for (elf::Relocation relocation : section.relocations)
        if (relocation.offset >= move.from && relocation.offset < move.end) {
          relocation.offset += move.to - move.from;
          relocations.push_back(relocation);
        }
      const auto begin = section.data.begin();
      data.insert(data.end(), begin + static_cast<std::ptrdiff_t>(move.from),
                  begin + static_cast<std::ptrdiff_t>(move.end));
    }
    section.data = std::move(data);
    section.relocations = std::move(relocations);
  }

  Context& context_;
  Side& side_;
  AuxiliaryCode auxiliary_;
  std::vector<Replacement> replacements_;
  std::set<SectionId> tables_;     ///< that name replacements
  std::set<SectionId> cuttable_;   ///< with replacement or auxiliary code
  std::set<SectionId> needed_;     ///< of these, what something of the patch names
  std::map<Key, SymbolId> wanted_; ///< and who does
};

} // namespace

bool is_cut_by_entries(std::string_view section) {
  return std::ranges::find(kCut, section) != kCut.end();
}

void include_alternatives(Context& context) {
  Alternatives(context).include();
}

void cut_alternatives(Context& context) {
  Alternatives alternatives(context);
  alternatives.include();
  alternatives.cut();
}

} // namespace kpatch::diff
