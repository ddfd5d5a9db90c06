// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"
#include "special/special_table.h"

#include <optional>
#include <span>

namespace kpatch::diff {

/// An entry of a special section, by what it describes and not by where it lies.
struct DescribedEntry {
  const special::SpecialSection* row = nullptr;
  SymbolId owner = kNoSymbol;
  std::size_t number = 0;   ///< among the entries of its owner
  std::uint64_t offset = 0; ///< within the entry
};

/// The entry that a relocation leads to; nothing if it leads to none, or if it cannot be
/// told where entries begin.
std::optional<DescribedEntry> entry_referred_to(const Context& context, const Side& side,
                                                const Placed& from);

/// A run of bytes of a special section that stays, and where it goes.
struct Move {
  std::uint64_t from = 0;
  std::uint64_t end = 0;
  std::uint64_t to = 0;
};

/// Makes what refers to entries of a special section of the patched object, code and
/// other tables alike, follow them; ascending moves. Code of the patch that refers to an
/// entry which does not stay is a problem.
void follow_entries(Context& context, SectionId table, std::span<const Move> moves);

} // namespace kpatch::diff
