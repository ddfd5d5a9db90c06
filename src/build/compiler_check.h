// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/compiler.h"

namespace kpatch::build {

/// Throws Error that names both compilers unless the one here is the kernel's own.
void check_compiler(const kernel::Compiler& wanted);

} // namespace kpatch::build
