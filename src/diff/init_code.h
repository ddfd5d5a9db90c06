// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace kpatch::diff {

/// Whether the section has code that runs only when its object is loaded or unloaded; in
/// vmlinux it has run, or never does.
bool is_init_code(std::string_view section);

} // namespace kpatch::diff
