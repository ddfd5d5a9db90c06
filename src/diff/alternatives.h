// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"

namespace kpatch::diff {

/// Whether pieces of the section travel, each with the function that it belongs to.
bool is_cut_by_entries(std::string_view section);

/// Leaves in the sections of replacement and auxiliary code only what code of the patch
/// names, and makes what names it follow. All that is part of the patch must be included.
void cut_alternatives(Context& context);

} // namespace kpatch::diff
