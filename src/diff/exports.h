// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace kpatch::diff {

/// Whether the section has entries of the export table, or names or versions of them.
bool is_export_section(std::string_view name);

} // namespace kpatch::diff
