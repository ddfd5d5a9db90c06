// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/image.h"
#include "special/struct_sizes.h"

namespace kpatch::kernel {

/// Sizes of the special sections' entries from the type information (BTF) that the kernel
/// carries in its image. Throws Error if it carries none.
special::StructSizes read_btf_sizes(const image::Image& kernel);

} // namespace kpatch::kernel
