// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which statements an instruction belongs to, for many instructions of a large unit: the
// line table and the tree of what was inlined are each read once, and an answer is found
// by halving. Code of an inlined function lies in ranges that nest like the calls.
#include "dwarf/statements.h"

#include "dwarf/session.h"

#include <algorithm>
#include <dwarf.h>

namespace kpatch::dwarf {

namespace {} // namespace

Statements::Statements(Dwarf* dwarf) : dwarf_(dwarf) {
  for_each_unit(dwarf, [&](Dwarf_Die& top) {
    add_rows(top);
    add_inlined(top, top, 0);
    return true;
  });
  // Where one sequence ends another may begin; of several rows for one place the last
  // is the one that the code there has.
  std::ranges::stable_sort(
      rows_, {}, [](const Row& row) { return std::pair(row.address, row.holds); });
  nest();
}

void Statements::add_rows(Dwarf_Die& unit) {
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrclines(&unit, &lines, &count) != 0)
    return;
  for (std::size_t i = 0; i < count; ++i) {
    Dwarf_Line* line = dwarf_onesrcline(lines, i);
    Dwarf_Addr address = 0;
    bool is_end = false;
    int number = 0;
    if (line && dwarf_lineaddr(line, &address) == 0 &&
        dwarf_lineendsequence(line, &is_end) == 0 && dwarf_lineno(line, &number) == 0)
      rows_.push_back({address, !is_end, number, dwarf_linesrc(line, nullptr, nullptr),
                       dwarf_dieoffset(&unit)});
  }
}

void Statements::add_inlined(Dwarf_Die& unit, Dwarf_Die& scope, int depth) {
  Dwarf_Die die;
  if (depth > kDeepestScope || dwarf_child(&scope, &die) != 0)
    return;
  do {
    const int tag = dwarf_tag(&die);
    if (tag == DW_TAG_inlined_subroutine) {
      Dwarf_Addr base = 0;
      Dwarf_Addr begin = 0;
      Dwarf_Addr end = 0;
      for (std::ptrdiff_t next = 0;
           (next = dwarf_ranges(&die, next, &base, &begin, &end)) > 0;)
        inlined_.push_back({begin, end, called_at(unit, die)});
    }
    if (tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block ||
        tag == DW_TAG_inlined_subroutine)
      add_inlined(unit, die, depth + 1);
  } while (dwarf_siblingof(&die, &die) == 0);
}

/// Finds for each range the next larger one around it.
void Statements::nest() {
  std::ranges::stable_sort(inlined_, {}, [](const Inlined& range) {
    return std::pair(range.begin, ~range.end);
  });
  std::vector<std::size_t> open; // that the next one may lie in, counted from 1
  for (std::size_t i = 0; i < inlined_.size(); ++i) {
    while (!open.empty() && inlined_[open.back() - 1].end < inlined_[i].end)
      open.pop_back();
    inlined_[i].around = open.empty() ? 0 : open.back();
    open.push_back(i + 1);
  }
}

std::vector<SourcePlace> Statements::at(std::uint64_t address) const {
  const auto next = std::ranges::upper_bound(rows_, address, {}, &Row::address);
  const Row* row = next == rows_.begin() ? nullptr : &*std::prev(next);
  Dwarf_Die unit;
  if (!row || !row->holds || !row->file || !dwarf_offdie(dwarf_, row->unit, &unit))
    return {};
  std::vector<SourcePlace> places{{shown_file(unit, row->file), row->line}};
  const auto behind = std::ranges::upper_bound(inlined_, address, {}, &Inlined::begin);
  for (auto i = static_cast<std::size_t>(behind - inlined_.begin()); i > 0;
       i = inlined_[i - 1].around)
    if (address < inlined_[i - 1].end && places.size() < kDeepestScope)
      places.push_back(inlined_[i - 1].called_at);
  return places;
}

} // namespace kpatch::dwarf
