// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "image/image.h"
#include "image/located.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kpatch::match {

enum class Verdict {
  kEqual,      ///< the image has this very code
  kMoved,      ///< but for widths of jumps and padding
  kOverridden, ///< a weak default; another unit's function has the name
  kDifferent,  ///< the function of that name has other code
  kMissing,    ///< the image has no function of that name
  kAmbiguous,  ///< several functions of that name have this code
};

/// A function of the unit and what was found of it.
struct FunctionMatch {
  elf::SymbolId symbol = elf::kNoSymbol;
  std::string name;
  Verdict verdict = Verdict::kMissing;
  std::uint64_t address = 0; ///< in the image; with kDifferent, of the likeliest one
  std::uint64_t offset = 0;  ///< kDifferent: of the first instruction that differs
  std::string ours;          ///< kDifferent: that instruction
  std::string theirs;
  std::vector<std::string> calls; ///< unless proven: functions of the unit it refers to

  bool is_proven() const {
    return verdict == Verdict::kEqual || verdict == Verdict::kMoved;
  }
};

/// A reference that leads elsewhere in the image than in the unit, or read-only data with
/// other content.
struct WrongReference {
  std::string from; ///< function or variable
  std::uint64_t offset = 0;
  std::string wanted;
  std::string found;
};

struct UnitMatch {
  std::vector<FunctionMatch> functions;
  image::LocatedSymbols located;
  std::size_t references = 0; ///< fields read back
  std::vector<WrongReference> wrong;

  const FunctionMatch* find(std::string_view name) const;
};

/// Finds the code of an original object in the image it was linked into, and reads back
/// from there what every relocation of that code refers to. The object must have been
/// compiled with -ffunction-sections and have been through objtool if the image has.
UnitMatch match_unit(const elf::Object& original, const image::Image& image);

/// Whether this is known of the object's processor.
bool can_match(const elf::Object& original);

} // namespace kpatch::match
