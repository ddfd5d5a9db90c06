// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <cstdint>
#include <functional>

namespace kpatch::arch {

/// What a function does with an address that it is handed.
enum class Handed {
  kKept,     ///< it may keep it, or nothing is known of it
  kRead,     ///< it only reads what is there
  kReturned, ///< that, and returns a place in it
};

/// Of the function that a call's relocation leads to.
using CalleeTable = std::function<Handed(const elf::Relocation&)>;

/// Whether memory that a relocation names is of a kind.
using PlaceTable = std::function<bool(const elf::Relocation&)>;

/// A way that code can take although its instructions do not show it: where a static
/// branch is switched. The instruction there may also do nothing.
struct OtherWay {
  std::uint64_t from = 0; ///< offset of the instruction in its section
  std::uint64_t to = 0;
};

} // namespace kpatch::arch
