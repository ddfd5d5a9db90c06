// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/module_signature.h"
#include "image/image.h"
#include "verify/module_view.h"

namespace kpatch::verify {

/// What stands behind the object in the finished file.
void check_signature(const elf::ModuleSignature& signature, const image::Image& vmlinux,
                     Findings& findings);

} // namespace kpatch::verify
