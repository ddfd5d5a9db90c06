// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/unit_objects.h"
#include "compile/workshop.h"
#include "patch/patched_view.h"
#include "produce/result.h"

#include <filesystem>

namespace kpatch::produce {

/// The first function of the patch in this unit whose code holds a constant that only a
/// booting kernel fills in; empty: none.
std::string runtime_constant_user(const UnitResult& result,
                                  const std::filesystem::path& patched_object);

/// Compiles both sides of a unit once more, with such constants read from their
/// variables, and with other headers of ours.
compile::UnitObjects compile_with_plain_constants(const compile::Workshop& shop,
                                                  const patch::PatchedView& view,
                                                  const std::string& unit,
                                                  std::vector<std::string> headers = {});

} // namespace kpatch::produce
