// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace kpatch {

/// As write_file(), making missing directories; when it returns, file, name and
/// directories are on the disk and outlive a crash of the system in the next moment.
void write_file_durably(const std::filesystem::path& path,
                        std::span<const std::uint8_t> data, unsigned mode = 0644);
void write_file_durably(const std::filesystem::path& path, std::string_view text,
                        unsigned mode = 0644);

/// Renames within a file system; the change is on the disk when it returns.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// The content of a file that anybody may have put there. Throws Error, and never waits
/// or fills the memory, for what is not a regular file (a FIFO, a device) or is larger
/// than `limit` bytes.
Bytes read_regular_file(const std::filesystem::path& path, std::size_t limit);

} // namespace kpatch
