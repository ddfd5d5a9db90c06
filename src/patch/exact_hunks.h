// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/patch_file.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kpatch::patch {

/// The text with the hunks applied, if patch(1) would put each where it says and need no
/// fuzz. Nothing if that is not certain: patch(1) has to be asked then.
std::optional<std::string> apply_exactly(std::string_view text,
                                         std::span<const Hunk> hunks);

} // namespace kpatch::patch
