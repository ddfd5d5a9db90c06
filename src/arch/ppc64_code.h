// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"

namespace kpatch::arch {

/// What relocations of ppc64 fill in; nothing if the type is not known here.
std::optional<Field> ppc64_field(std::uint32_t type);

/// Whether the image has an addi where ours has the ld whose low half is at `field`.
bool is_ppc64_slot_gone(std::span<const std::uint8_t> ours,
                        std::span<const std::uint8_t> theirs, std::uint64_t field);

/// Our code as the linker would have changed it, wherever the image has it so; opens the
/// bits that are filled in besides.
Bytes ppc64_as_linked(const CodePair& code, Bytes& open);

} // namespace kpatch::arch
