// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/unit_objects.h"
#include "elf/object.h"
#include "produce/result.h"

#include <map>
#include <span>
#include <string>

namespace kpatch::produce {

/// SHA-256 of each function's code with the names of what it refers to, by name. Two
/// functions of one name have none.
std::map<std::string, std::string> function_digests(const elf::Object& object);

/// Notes the digests of a unit's functions before and after the patch.
void add_function_digests(UnitResult& result,
                          std::span<const compile::UnitObjects> objects);

} // namespace kpatch::produce
