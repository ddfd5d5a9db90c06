// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace kpatch::image {

/// The vmlinux, an ELF file, that is inside a vmlinuz; `file` may also be one already or
/// one that is merely compressed. Throws Error naming `label` if there is none.
Bytes vmlinux_inside(std::span<const std::uint8_t> file, std::string_view label);

} // namespace kpatch::image
