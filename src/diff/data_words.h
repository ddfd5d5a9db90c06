// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/side.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::diff {

struct Context;

/// The section in which a patch has the words that it sets (kmod/include/kpatch-records.h
/// has the layout of its records).
inline constexpr std::string_view kDataWords = ".kpatch.words";

/// What a word of data holds: a number, or a pointer.
struct WordValue {
  std::uint64_t number = 0;    ///< of a pointer: what is added to it
  SymbolId symbol = kNoSymbol; ///< of the patched side, that a pointer leads to
};

/// A word of live data that is set while the patch is loaded.
struct DataWord {
  std::string name; ///< "unix_table[0].proc_handler"
  SymbolId variable = kNoSymbol;
  std::uint64_t offset = 0; ///< in the variable
  unsigned size = 0;        ///< 1, 2, 4 or 8, at a multiple of it
  WordValue before;
  WordValue after;
};

/// Takes changed sections of writable data out of what cannot be patched where all that
/// differs is words which may be set while others read them.
void plan_data_words(Context& context);

/// Adds the section of the words that are planned.
void add_data_words(Context& context);

} // namespace kpatch::diff
