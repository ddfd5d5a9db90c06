// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"

#include <bit>

namespace kpatch::arch {

/// An instruction of four bytes with a number in it: `mask` covers all that tells it from
/// others, and the sign of the number, which must not be set.
struct ImmediateForm {
  std::uint32_t mask = 0;
  std::uint32_t match = 0;
  unsigned shift = 0;
  unsigned bits = 0;
};

/// The number in an instruction that has one of these forms.
std::optional<Immediate> find_immediate(std::span<const std::uint8_t> instruction,
                                        std::endian order,
                                        std::span<const ImmediateForm> forms);

// One per processor file.
#define KPATCH_PROCESSOR(bit, get, machine) const Arch& get();
#include "arch/processors.def"
#undef KPATCH_PROCESSOR

} // namespace kpatch::arch
