// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kpatch::image {

/// What a vmlinux or module file exports, as lines of a Module.symvers in which `owner`
/// is the exporting object. The file must have its symbol table.
std::string exports_of(const std::filesystem::path& binary, std::string_view owner);

} // namespace kpatch::image
