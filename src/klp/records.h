// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/kernel_sections.h"

#include <array>
#include <cstdint>
#include <string_view>

/// Byte layouts of the intermediate sections, which carry a patch from the differ through
/// the linker to the module. Integers are in the byte order of the object; pointers are
/// relocations.
namespace kpatch::klp::records {

/// `.kpatch.funcs`: a function to replace.
namespace func {
inline constexpr std::uint64_t kNewAddress = 0; ///< pointer: the function
inline constexpr std::uint64_t kNewSize = 8;
inline constexpr std::uint64_t kOldAddress = 16;
inline constexpr std::uint64_t kOldSize = 24;
inline constexpr std::uint64_t kSympos = 32;
inline constexpr std::uint64_t kName = 40;   ///< pointer into .kpatch.strings
inline constexpr std::uint64_t kObject = 48; ///< pointer into .kpatch.strings
inline constexpr std::uint64_t kSize = 56;
} // namespace func

/// `.kpatch.symbols`: a symbol that the kernel's livepatch code resolves.
namespace symbol {
inline constexpr std::uint64_t kAddress = 0; ///< in vmlinux, else 0
inline constexpr std::uint64_t kSympos = 8;
inline constexpr std::uint64_t kBinding = 16;
inline constexpr std::uint64_t kType = 17;
inline constexpr std::uint64_t kName = 24;   ///< pointer into .kpatch.strings
inline constexpr std::uint64_t kObject = 32; ///< pointer: who owns the symbol
inline constexpr std::uint64_t kSize = 40;
} // namespace symbol

/// `.kpatch.relocations`: a place to be filled with such a symbol's address.
namespace relocation {
inline constexpr std::uint64_t kDestination = 0; ///< pointer: the place
inline constexpr std::uint64_t kType = 8;
inline constexpr std::uint64_t kExternal = 12;
inline constexpr std::uint64_t kAddend = 16;
inline constexpr std::uint64_t kObject = 24; ///< pointer: what is being patched
inline constexpr std::uint64_t kSymbol = 32; ///< pointer: a record of .kpatch.symbols
inline constexpr std::uint64_t kSize = 40;
} // namespace relocation

/// `.kpatch.arch`: a special section to be applied when the patched object is there.
namespace arch {
inline constexpr std::uint64_t kSection = 0; ///< pointer: the section
inline constexpr std::uint64_t kObject = 8;  ///< pointer into .kpatch.strings
inline constexpr std::uint64_t kSize = 16;
/// Those that kernels before 5.8 apply so.
inline constexpr std::array<std::string_view, 2> kSections = {elf::kParavirtSites,
                                                              elf::kAlternatives};
} // namespace arch

} // namespace kpatch::klp::records
