// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"

#include <algorithm>
#include <map>
#include <span>

namespace kpatch::diff {

/// What one function or variable of a section is made of.
struct Portrait {
  SymbolId symbol = kNoSymbol;
  std::span<const std::uint8_t> bytes;             ///< empty where the section has none
  std::map<std::uint64_t, std::string> references; ///< what each is to, by its offset
  bool operator==(const Portrait& other) const {
    return std::ranges::equal(bytes, other.bytes) && references == other.references;
  }
};

/// Of everything in a section that has a name, by that name.
std::map<std::string_view, Portrait> portraits(const Side& side, SectionId home);

} // namespace kpatch::diff
