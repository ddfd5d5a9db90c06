// SPDX-License-Identifier: GPL-2.0-or-later
//
// The special sections of the kernel, one a row. A section that is not here gets no such
// treatment: unreferenced new ones stay out, changed ones are refused, and so are those
// that turn out to describe code of the patch. .fixup stands before __ex_table because
// the latter's offsets follow its pieces. The struct sizes are the running kernel's own
// and come from outside: they have changed over the years and distributions backport.
#include "special/special_table.h"

namespace kpatch::special {

namespace {

using Sizes = kernel::StructSizes;
using SizeOf = std::optional<std::uint32_t> Sizes::*;
using arch::ArchSet;
using enum arch::ArchSet;

constexpr auto kAlternatives =
    static_cast<ArchSet>(kAarch64 | kX86_64 | kS390 | kLoongarch64);

/// Entries as long as a struct of the running kernel.
constexpr SpecialSection structs(std::string_view name, ArchSet archs, SizeOf size_of,
                                 std::string_view size_variable,
                                 Filter filter = Filter::kNone) {
  return {.name = name,
          .archs = archs,
          .entries = Entries::kStruct,
          .size_of = size_of,
          .filter = filter,
          .size_variable = size_variable};
}

/// Entries of a size that has never changed: one relative or absolute place each, or two.
constexpr SpecialSection places(std::string_view name, ArchSet archs,
                                std::uint32_t size) {
  return {.name = name, .archs = archs, .fixed_size = size};
}

constexpr SpecialSection naming_replacements(SpecialSection row) {
  row.names_replacement = true;
  return row;
}

constexpr SpecialSection naming_lines(SpecialSection row) {
  row.names_line = true;
  return row;
}

constexpr SpecialSection about_entries_only(SpecialSection row) {
  row.tells_function = false;
  return row;
}

constexpr SpecialSection with_policy(std::string_view name, ArchSet archs,
                                     Policy policy) {
  return {.name = name, .archs = archs, .policy = policy};
}

constexpr SpecialSection refused_family(std::string_view prefix) {
  return {
      .name = prefix, .archs = kAllArchs, .policy = Policy::kRefuse, .is_prefix = true};
}

constexpr SpecialSection kTable[] = {
    naming_lines(structs("__bug_table", kAllArchs, &Sizes::bug, "BUG_STRUCT_SIZE")),
    {.name = ".fixup", .archs = kAllArchs, .entries = Entries::kFixup},
    structs("__ex_table", kAllArchs, &Sizes::exception, "EX_STRUCT_SIZE"),
    structs("__jump_table", kAllArchs, &Sizes::jump, "JUMP_STRUCT_SIZE",
            Filter::kJumpLabel),
    structs(".parainstructions", kX86_64, &Sizes::paravirt, "PARA_STRUCT_SIZE"),
    naming_replacements(
        structs(".altinstructions", kAlternatives, &Sizes::alt, "ALT_STRUCT_SIZE")),
    structs(".static_call_sites", kX86_64, &Sizes::static_call, "STATIC_CALL_STRUCT_SIZE",
            Filter::kStaticCall),
    structs("__ftr_fixup", kPpc64, &Sizes::fixup, "FIXUP_STRUCT_SIZE"),
    structs("__mmu_ftr_fixup", kPpc64, &Sizes::fixup, "FIXUP_STRUCT_SIZE"),
    structs("__fw_ftr_fixup", kPpc64, &Sizes::fixup, "FIXUP_STRUCT_SIZE"),

    places(".smp_locks", kX86_64, 4),
    places(".call_sites", kX86_64, 4),
    places(".retpoline_sites", kX86_64, 4),
    places(".return_sites", kX86_64, 4),
    about_entries_only(
        places(".ibt_endbr_seal", kX86_64, 4)), // ENDBRs that nobody may jump to
    about_entries_only(
        places(".cfi_sites", kX86_64, 4)), // __cfi_ prefixes that FineIBT rewrites
    places(".kcfi_traps", kX86_64, 4),     // checks whose failure is told, not a crash
    places("__lwsync_fixup", kPpc64, 8),
    places("__barrier_nospec_fixup", kPpc64, 8),
    places(".s390_return_mem", kS390, 4),
    places(".s390_return_reg", kS390, 4),
    places(".s390_indirect_call", kS390, 4),
    places(".s390_indirect_branches", kS390, 4),
    places(".s390_indirect_jump", kS390, 4),

    // Pointers to format strings, for tools that read vmlinux.
    with_policy(".printk_index", kAllArchs, Policy::kLeaveOut),

    with_policy("__mcount_loc", kAllArchs, Policy::kRegenerate),
    with_policy(arch::kPatchableEntries, kAllArchs, Policy::kRegenerate),
    with_policy(".sframe", kAllArchs, Policy::kRegenerate),

    // Constants in code that are filled in once, at boot (asm/runtime-const.h).
    refused_family("runtime_"),
};

/// struct alt_instr (asm/alternative.h): the lengths of the place and of its replacement
/// follow the feature, which has grown; x86 had a third length before 5.12, and s390 has
/// but one since 5.18.
struct AlternativeLayout {
  ArchSet archs;
  std::uint64_t size;
  std::uint64_t length_at;
};

constexpr AlternativeLayout kLayouts[] = {
    {kAlternatives, 12, 11}, {kX86_64, 13, 11}, {kX86_64, 14, 13},
    {kS390, 11, 10},         {kS390, 13, 12},
};

} // namespace

std::optional<std::uint64_t> replacement_length_at(const arch::Arch& arch,
                                                   std::uint64_t entry_size) {
  for (const AlternativeLayout& layout : kLayouts)
    if ((layout.archs & arch.bit()) && layout.size == entry_size)
      return layout.length_at;
  return std::nullopt;
}

std::span<const SpecialSection> special_sections() {
  return kTable;
}

const SpecialSection* find_special_section(std::string_view name,
                                           const arch::Arch& arch) {
  for (const SpecialSection& row : kTable)
    if ((row.archs & arch.bit()) &&
        (row.is_prefix ? name.starts_with(row.name) : name == row.name))
      return &row;
  return nullptr;
}

} // namespace kpatch::special
