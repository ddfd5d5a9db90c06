// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace kpatch::distro {

/// Makes modules.dep and its like, as an installation would, for modules that were only
/// unpacked. Returns the root below which lib/modules is: `unpacked` or its usr/.
std::filesystem::path run_depmod(const std::filesystem::path& unpacked,
                                 const std::string& release);

} // namespace kpatch::distro
