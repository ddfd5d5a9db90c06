// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace kpatch::patch {

/// The patched text with `#line` directives after its changes, such that lines that are
/// the same in both texts have the numbers that they have in the original. The tokens are
/// those of `patched`. Throws Error if the texts cannot be compared.
std::string with_original_lines(std::string_view original, std::string_view patched);

} // namespace kpatch::patch
