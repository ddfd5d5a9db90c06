// SPDX-License-Identifier: GPL-2.0-or-later
//
// Most things refer to a function by its entry, and then it does not matter that the
// kernel's function and the patch's are two: the old entry leads to the new code. A few
// refer into its middle:
//
//   f.cold:       jmp f+0x20             the way back from an unlikely path
//   jumptable.0:  .quad f+0x31           the targets of `goto *jumptable[i]`
//   .new_sites:   .long f+0x12 - .       what a newer kernel or compiler writes about f
//
// When f is part of the patch, the kernel's copies of these lead into the old f, even if
// they look the same on both sides. So pieces and constant tables travel with the
// function, and a section that nobody here knows is refused by name rather than left
// behind or taken along on a guess.
#include "arch/toc.h"
#include "diff/context.h"
#include "elf/kernel_sections.h"
#include "elf/orc.h"
#include "special/names.h"
#include "special/special_table.h"

#include <algorithm>
#include <array>
#include <set>

namespace kpatch::diff {

namespace {

/// Treated by passes and tools of their own.
constexpr std::array<std::string_view, 5> kKnown = {elf::kOrcPlaces, elf::kReplacements,
                                                    elf::kAlternativesAside,
                                                    arch::kTocSection, ".rodata"};

bool is_known(const Side& side, SectionId id) {
  const elf::Section& section = side.section(id);
  return !(section.flags & SHF_ALLOC) || side.sections[id].ignored ||
         special::is_debug_section(section.name) ||
         section.name.starts_with(".kpatch.") ||
         special::is_special_section(section.name, side.arch) ||
         std::ranges::find(kKnown, section.name) != kKnown.end();
}

class InnerReferences {
 public:
  explicit InnerReferences(Context& context)
      : context_(context), side_(context.patched), holders_(side_.sections.size()) {
    for (SectionId id = 1; id < side_.sections.size(); ++id)
      if (!is_known(side_, id))
        for (const elf::Relocation& relocation : side_.section(id).relocations)
          if (const SectionId inside = points_inside(id, relocation))
            holders_[inside].push_back({id, relocation.symbol, relocation.offset});
  }

  void carry() {
    // What is carried may bring functions with it: the list grows on the way.
    for (std::size_t i = 0; i < side_.inclusion_order.size(); ++i)
      for (const Holder& holder : holders_[side_.inclusion_order[i]])
        carry(holder);
  }

 private:
  struct Holder {
    SectionId section = kNoSection;
    SymbolId function = kNoSymbol; ///< that it points into
    std::uint64_t offset = 0;      ///< of the pointer
  };

  /// The section of the function whose middle a relocation names; none for an entry.
  SectionId points_inside(SectionId base, const elf::Relocation& relocation) const {
    const SectionId home = side_.home(relocation.symbol);
    if (!home || home == base || !side_.symbol(relocation.symbol).is_function() ||
        side_.sections[home].bundled != relocation.symbol)
      return kNoSection;
    if (side_.section(base).is_text() && !is_piece_of(base, relocation.symbol))
      return kNoSection;
    return side_.target_offset(base, relocation) == 0 ? kNoSection : home;
  }

  bool is_piece_of(SectionId base, SymbolId function) const {
    const SymbolId piece = side_.sections[base].bundled;
    return piece && side_.symbols[piece].parent == function &&
           !side_.symbols[piece].has_ftrace_entry;
  }

  void carry(const Holder& holder) {
    const elf::Section& section = side_.section(holder.section);
    if (side_.sections[holder.section].included)
      return;
    const SymbolId bundled = side_.sections[holder.section].bundled;
    if (bundled && (section.is_text() || !(section.flags & SHF_WRITE))) {
      side_.symbols[bundled].status = Status::kChanged;
      include_symbol(context_, bundled, {ReasonKind::kDescribes, holder.function});
      return;
    }
    if (!told_.emplace(holder.section, holder.function).second)
      return;
    const std::string& function = side_.symbol(holder.function).name;
    add_problem(
        context_, code::kUnknownSection, function,
        fmt::format("section {} at {:#x} refers to a place inside function {}, and "
                    "it is not known what has to become of that in a patch",
                    section.name, holder.offset, function),
        "Make the change in another function, or report the section.");
  }

  Context& context_;
  Side& side_;
  std::vector<std::vector<Holder>> holders_; ///< by the section they point into
  std::set<std::pair<SectionId, SymbolId>> told_;
};

} // namespace

void carry_what_points_inside(Context& context) {
  InnerReferences(context).carry();
}

/// A piece with an ftrace entry of its own (f.part.0) may have callers that are not part
/// of the patch: f, if nothing else of it changed, and whatever f was inlined into. They
/// reach the new piece only if it is patched like a function.
void find_redirected_pieces(Context& context) {
  Side& patched = context.patched;
  const auto may_be_redirected = [&](SymbolId id) {
    const SymbolState& state = patched.symbols[id];
    return state.parent && state.twin && state.status == Status::kChanged &&
           patched.symbol(id).is_function() &&
           context.original.symbols[state.twin].has_ftrace_entry;
  };
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (!patched.sections[id].included && !is_known(patched, id))
      for (const elf::Relocation& relocation : patched.section(id).relocations)
        if (may_be_redirected(relocation.symbol))
          patched.symbols[relocation.symbol].is_redirected_piece = true;
}

} // namespace kpatch::diff
