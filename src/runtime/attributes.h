// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// Files of sysfs and proc. They come and go while one looks, so what cannot be read is
/// not there.

/// The content without its line end.
std::optional<std::string> read_attribute(const std::filesystem::path& path);
/// The number that the content begins with.
std::optional<long> read_number(const std::filesystem::path& path);

/// Names of the directories inside, sorted.
std::vector<std::string> directories_in(const std::filesystem::path& path);
bool is_there(const std::filesystem::path& path);

} // namespace kpatch::runtime
