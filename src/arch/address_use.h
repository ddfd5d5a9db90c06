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

/// Whether code does nothing with the address that a relocation gives it but read what is
/// there, compare it, and hand it to functions that do no more than that. False if it is
/// stored, returned, or if the code cannot be followed.
bool is_only_read(std::uint16_t machine, const elf::Section& code,
                  const elf::Relocation& address, const CalleeTable& callees);

} // namespace kpatch::arch
