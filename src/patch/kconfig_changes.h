// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/config.h"

#include <string_view>

namespace kpatch::patch {

/// Whether the two texts of a Kconfig file give a kernel of this configuration the same
/// options. Only what is plain from the text counts; "no" may mean that it is not.
bool gives_same_options(std::string_view original, std::string_view patched,
                        const kernel::Config& config);

} // namespace kpatch::patch
