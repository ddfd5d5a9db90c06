// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace kpatch::image {

/// The content of a file that gzip, bzip2, xz, lzma, zstd or lz4 (its legacy format too)
/// may have compressed; one that none of them has made comes back as it is. Throws Error
/// naming `label` for damaged data. With the right size, 0 if it is not known, the
/// content is not moved while it grows.
Bytes decompressed(std::span<const std::uint8_t> file, std::string_view label,
                   std::size_t likely_size = 0);

} // namespace kpatch::image
