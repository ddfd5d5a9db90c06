// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <string>
#include <vector>

namespace kpatch::diff {

/// Gives each function of a code section that several share (`.ref.text`, `.sched.text`)
/// a section of its own in both objects, where the section differs and it can be done.
/// Returns the sections where it cannot be done with these objects.
std::vector<std::string> split_shared_text(elf::Object& original, elf::Object& patched);

/// The sections that variables share (`.data..read_mostly`) and that differ. Code that
/// refers to the end of one variable and to the start of the next looks the same, so they
/// are not cut up here.
std::vector<std::string> changed_shared_data(const elf::Object& original,
                                             const elf::Object& patched);

} // namespace kpatch::diff
