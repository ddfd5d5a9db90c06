// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sections that the kernel's build or its module loader finds by name, where more than
// one file here does so, too. special/special_table.cpp says what becomes of their
// entries.
#pragma once

#include <cstdint>
#include <string_view>

namespace kpatch::elf {

inline constexpr std::string_view kAlternatives = ".altinstructions";
inline constexpr std::string_view kReplacements = ".altinstr_replacement";
/// Code that alternatives jump to.
inline constexpr std::string_view kAlternativesAside = ".altinstr_aux";
inline constexpr std::string_view kParavirtSites = ".parainstructions";
inline constexpr std::string_view kExceptions = "__ex_table";
inline constexpr std::string_view kBugs = "__bug_table";
inline constexpr std::string_view kJumpLabels = "__jump_table";
inline constexpr std::string_view kStaticCalls = ".static_call_sites";
inline constexpr std::string_view kReturnSites = ".return_sites";
inline constexpr std::string_view kRetpolineSites = ".retpoline_sites";
inline constexpr std::string_view kLocks = ".smp_locks";
inline constexpr std::string_view kFtraceSites = "__mcount_loc";
/// ENDBRs that nobody may jump to.
inline constexpr std::string_view kSealedSites = ".ibt_endbr_seal";
/// The module's struct module.
inline constexpr std::string_view kThisModule = ".gnu.linkonce.this_module";
inline constexpr std::string_view kPerCpu = ".data..percpu";
inline constexpr std::string_view kReadOnlyAfterInit = ".data..ro_after_init";

/// Of kpatch-macros.h; the kind of callback follows.
inline constexpr std::string_view kCallbacks = ".kpatch.callbacks.";

/// Of symbols that the livepatch core resolves: SHN_LIVEPATCH (include/uapi/linux/elf.h).
inline constexpr std::uint16_t kLivepatchIndex = 0xff20;

/// struct jump_entry (include/linux/jump_label.h): distances to the place of the label,
/// to where it jumps, and to its key.
namespace jump_entry {
inline constexpr std::uint64_t kSize = 16;
inline constexpr std::uint64_t kTarget = 4;
inline constexpr std::uint64_t kKey = 8;
} // namespace jump_entry

} // namespace kpatch::elf
