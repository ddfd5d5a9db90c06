// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace kpatch::patch {

/// The first line that differs between two texts of a makefile and may say more than
/// lists of objects, and settings of objects in `made` ("new.o"); empty if there is none.
/// Only without one may make read the patched text. A new makefile (no original) may have
/// flags for its folder besides.
std::string line_to_refuse(std::string_view original, std::string_view patched,
                           const std::set<std::string, std::less<>>& made);

} // namespace kpatch::patch
