// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

/// Layout of a record of `.kpatch.words`, a word of live data that a patch sets
/// (struct kpatch_word_record of kmod/include/kpatch-records.h). Pointers are
/// relocations.
namespace kpatch::elf::word_record {

inline constexpr std::uint64_t kPlace = 0;   ///< pointer: the word
inline constexpr std::uint64_t kBefore = 8;  ///< its value without the patch
inline constexpr std::uint64_t kAfter = 16;  ///< and with it
inline constexpr std::uint64_t kBytes = 24;  ///< 1, 2, 4 or 8
inline constexpr std::uint64_t kName = 32;   ///< pointer: for messages
inline constexpr std::uint64_t kObject = 40; ///< pointer: name of the patched object
inline constexpr std::uint64_t kIsSet = 48;  ///< kept by the hook
inline constexpr std::uint64_t kSize = 56;

} // namespace kpatch::elf::word_record
