// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/image.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace kpatch::image {

/// A symbol that an image lends to modules.
struct ImageExport {
  std::optional<std::uint32_t> crc; ///< with CONFIG_MODVERSIONS
  bool is_gpl = false;              ///< for modules under the GPL only
  std::string import_namespace;     ///< mostly empty
};

using ImageExports = std::map<std::string, ImageExport, std::less<>>;

/// What the image's own tables say that it exports. Nothing for tables of another form
/// than kernels have from 5.18 on.
ImageExports exports_in(const Image& image);

} // namespace kpatch::image
