// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/diff.h"
#include "elf/object.h"

namespace kpatch::klp {

/// Makes the object that the patch module is linked from: the delta's object plus
/// `.kpatch.*` sections that say which functions to replace and which relocations only
/// the running kernel can fill in, plus ftrace's records. Throws Error if a symbol cannot
/// be told for certain. With `unique_names` new code is called otherwise than what it
/// replaces (elf::kUniqueSuffix), unless other units of the patch link to it.
elf::Object make_intermediate(diff::Delta delta, bool unique_names = false);

} // namespace kpatch::klp
