// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/side.h"

#include <optional>
#include <string_view>

namespace kpatch::diff {

/// What a relocation means if it leads to a constant that the linker may merge with equal
/// ones: the text of a literal, or the bytes from there to the end of the constant.
/// `base` is the section of the relocation.
std::optional<std::string_view> constant_target(const Side& side, SectionId base,
                                                const elf::Relocation& relocation);

/// Whether such constants are all that the section has.
bool has_constants_only(const elf::Section& section);

} // namespace kpatch::diff
