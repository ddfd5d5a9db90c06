// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/unit_objects.h"

#include <map>
#include <span>
#include <string>

namespace kpatch::compile {

/// Texts of files of the view as the patches made them, by path.
using PatchedTexts = std::map<std::string, std::string>;

/// What to do about errors for code that the patch leaves without a user; kernels are
/// built with -Werror. Empty for others.
std::string remedy_for_errors(std::string_view messages);

/// Replaces what the compiler has said of the units' patched sides, if it has said
/// anything, by what it says of `texts`.
void retell_messages(const Workshop& shop, const patch::PatchedView& view,
                     const PatchedTexts& texts, std::span<UnitObjects> units);

} // namespace kpatch::compile
