// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <elfutils/libdw.h>

#include <map>

namespace kpatch::kernel {

/// What a unit declares of a type. Objects that only functions have as variables, none of
/// which is static, part of another object or reached by a pointer but those that
/// functions are called with, end with these functions.
struct ObjectsSeen {
  bool on_stacks = false;
  bool elsewhere = false;
};

/// Notes what there is of the types whose entries are at these offsets.
void look_for_objects(Dwarf_Die& unit, std::map<Dwarf_Off, ObjectsSeen>& seen);

/// Whether the type is the unit's own, and no header's that others include.
bool is_of_unit(Dwarf_Die& type, Dwarf_Die& unit);

} // namespace kpatch::kernel
