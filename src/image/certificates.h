// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/image.h"

#include <vector>

namespace kpatch::image {

/// The X.509 certificates (DER) that were built into the kernel: it trusts modules that
/// are signed with their keys. None if the kernel has no such list.
std::vector<Bytes> certificates_in(const Image& vmlinux);

} // namespace kpatch::image
