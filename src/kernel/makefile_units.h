// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

namespace kpatch::kernel {

/// The translation units of a kernel and their owners as its makefiles say, for a target
/// whose source and prepared tree are known. Sources that the build generates are not
/// among them. With `source`, as that tree's makefiles say instead of the target's.
UnitIndex units_from_makefiles(const Target& target);
UnitIndex units_from_makefiles(const Target& target, const std::filesystem::path& source);

/// Reads what the makefiles printed: lines "unit <object> <owner>".
UnitIndex parse_makefile_units(std::string_view text,
                               const std::filesystem::path& source);

} // namespace kpatch::kernel
