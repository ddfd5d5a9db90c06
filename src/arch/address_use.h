// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

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

} // namespace kpatch::arch
