// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/unit_objects.h"
#include "produce/object_pair.h"

#include <filesystem>
#include <span>
#include <vector>

namespace kpatch::produce {

/// What keeps a unit from being compared, as a result of it.
UnitResult not_comparable(const std::string& unit, const Error& error);

/// Where the intermediate object of a changed unit is put.
std::filesystem::path part_of(const compile::Workshop& shop, const std::string& owner,
                              const std::string& unit);

/// Compares all units with each of their owners, several at a time. The results stand in
/// the order of the units; what cannot be compared is one of them.
std::vector<UnitResult> diff_units(const compile::Workshop& shop,
                                   const patch::PatchedView& view, PairDiffer& differ,
                                   std::span<const compile::UnitObjects> objects);

} // namespace kpatch::produce
