// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "elf/patch_note.h"

namespace kpatch::klp {

/// An object of the same kind as `sample` that makes the module say this of itself, in
/// its file and while it is loaded.
elf::Object info_object(const elf::ModuleInfo& info, const elf::Object& sample);

/// Whether the hook has to leave its own description out.
bool has_description(const elf::ModuleInfo& info);

} // namespace kpatch::klp
