// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"
#include "special/struct_sizes.h"

#include <array>
#include <span>
#include <string_view>

namespace kpatch::special {

/// What becomes of a special section.
enum class Policy {
  kFilter,     ///< entries that describe code of the patch travel with it
  kLeaveOut,   ///< nothing of it travels, and nothing is missed
  kRegenerate, ///< made again for every module, by the linker, objtool or klp/
  kRefuse,     ///< works in the kernel's own image only: code that it describes cannot be
               ///< patched
};

/// How a special section is cut into entries.
enum class Entries {
  kStruct, ///< as long as `structure`
  kFixed,  ///< `fixed_size` bytes each
  kFixup,  ///< .fixup: pieces of code between the targets that __ex_table names
};

/// What an entry must pass, beyond describing code of the patch, to be kept.
enum class Filter {
  kNone,
  kJumpLabel,
  kStaticCall,
};

/// Sizes that a structure has had; the rest are 0.
using KnownSizes = std::array<std::uint32_t, 3>;

/// A section whose entries each describe a place in code. Only entries that describe code
/// of the patch may travel with it.
struct SpecialSection {
  std::string_view name;
  arch::ArchSet archs;
  Policy policy = Policy::kFilter;
  bool is_prefix = false; ///< `name` is how a family of sections begins
  Entries entries = Entries::kFixed;
  std::uint32_t fixed_size = 1;
  Structure structure = {};
  KnownSizes known_sizes = {};
  Filter filter = Filter::kNone;
  bool names_replacement = false; ///< an entry says where its replacement is, how long
  /// Of several references the last is a file, and its line follows.
  bool names_line = false;
  /// Whether entries say what a function does; those that only say who may jump to it
  /// depend on the whole object.
  bool tells_function = true;
};

/// Where an entry of that size has the length of its replacement code; nothing for a
/// layout that is not known.
std::optional<std::uint64_t> replacement_length_at(const arch::Arch& arch,
                                                   std::uint64_t entry_size);
/// The same of the code that is replaced.
std::optional<std::uint64_t> place_length_at(const arch::Arch& arch,
                                             std::uint64_t entry_size);

/// In the order of their treatment.
std::span<const SpecialSection> special_sections();

/// The row of a section; null for a section that is nothing special.
const SpecialSection* find_special_section(std::string_view name, const arch::Arch& arch);

/// Whether it only lists code, or what to do about code, and is none itself.
bool is_table_of_code(std::string_view name, const arch::Arch& arch);

inline bool is_special_section(std::string_view name, const arch::Arch& arch) {
  return find_special_section(name, arch) != nullptr;
}

} // namespace kpatch::special
