// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "klp/core_identity.h"

namespace kpatch::klp {

/// Turns the intermediate records of a linked module into relocations that the module
/// loader applies, and removes the sections that held them. Throws Error for what
/// kpatch.ko cannot do: anything but functions of vmlinux, and words of live data.
void convert_to_core(elf::Object& module, const CoreIdentity& identity);

} // namespace kpatch::klp
