// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "kernel/config.h"

namespace kpatch::klp {

/// Makes sure that a finished module describes all of its code to the kernel in the ways
/// that this configuration asks for. Throws Error naming the code that is not described.
void check_code_sites(const elf::Object& module, const kernel::Config& config);

} // namespace kpatch::klp
