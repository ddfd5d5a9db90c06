// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kpatch::arch {

/// How long an instruction is that the decoder's tables do not have yet; 0 if its length
/// does not follow from its encoding. Such an instruction refers to no memory.
std::size_t newer_x86_64_length(std::span<const std::uint8_t> code);

} // namespace kpatch::arch
