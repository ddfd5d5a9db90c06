// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <elfutils/libdw.h>

namespace kpatch::kernel {

/// Whether all objects of a type that a unit's C file defines are variables of functions:
/// none is static, part of another object or reached by a pointer but those that
/// functions are called with.
bool is_short_lived(Dwarf_Die& type, Dwarf_Die& unit);

} // namespace kpatch::kernel
