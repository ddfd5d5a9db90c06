// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"

namespace kpatch::arch {

// The parts of x86_64.cpp that look into instructions.
inline constexpr std::string_view kFentry = "__fentry__"; ///< what ftrace has called
CodeComparison compare_x86_64_code(const CodePair& code);
std::string disassemble_x86_64(std::span<const std::uint8_t> code, std::uint64_t address);
bool is_only_read_x86_64(const elf::Section& code, const elf::Relocation& address,
                         const CalleeTable& callees, std::span<const OtherWay> ways);
/// Whether an instruction reads or writes the memory that it names there.
bool is_in_place_x86_64(const elf::Section& code, const elf::Relocation& address);
bool is_stored_x86_64(const elf::Section& code, const elf::Relocation& address,
                      const PlaceTable& spared);
const CodeSites& x86_64_sites();

} // namespace kpatch::arch
