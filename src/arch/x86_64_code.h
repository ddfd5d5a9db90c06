// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"

namespace kpatch::arch {

// The parts of x86_64.cpp that look into instructions.
CodeComparison compare_x86_64_code(const CodePair& code);
std::string disassemble_x86_64(std::span<const std::uint8_t> code, std::uint64_t address);

} // namespace kpatch::arch
