// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "build/patched_view.h"
#include "build/result.h"
#include "build/unit_objects.h"
#include "build/workshop.h"

#include <filesystem>

namespace kpatch::build {

/// The first function of the patch in this unit whose code holds a constant that only a
/// booting kernel fills in; empty: none.
std::string runtime_constant_user(const UnitResult& result,
                                  const std::filesystem::path& patched_object);

/// Compiles both sides of a unit once more, with such constants read from their
/// variables.
UnitObjects compile_with_plain_constants(const Workshop& shop, const PatchedView& view,
                                         const std::string& unit);

} // namespace kpatch::build
