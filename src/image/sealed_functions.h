// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/image.h"

#include <cstdint>
#include <set>

namespace kpatch::image {

/// Addresses in the image of functions that must no longer be called through a pointer:
/// the kernel has overwritten the instruction they would have to start with.
std::set<std::uint64_t> sealed_functions(const Image& image);

} // namespace kpatch::image
