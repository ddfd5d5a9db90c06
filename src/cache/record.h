// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kpatch::cache {

/// What was kept under this name in this format; nothing if there is no such file, or if
/// it is of another program's format, damaged or cut off: then it is to be made again.
std::optional<std::string> read_record(const std::filesystem::path& file,
                                       std::string_view format);

/// Keeps a text. `format` is a word that is changed whenever the text comes to mean
/// something else.
void write_record(const std::filesystem::path& file, std::string_view format,
                  std::string_view text);

} // namespace kpatch::cache
