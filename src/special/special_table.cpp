// SPDX-License-Identifier: GPL-2.0-or-later
//
// The special sections of the kernel, one a row. A section that is not here gets no such
// treatment: unreferenced new ones stay out, changed ones are refused, and so are those
// that turn out to describe code of the patch. .fixup stands before __ex_table because
// the latter's offsets follow its pieces. The sizes of structures are those of
// the kernel that is to be patched, and are looked up there: they have changed over the
// years and distributions backport. Those that are known tell src/verify/ where to begin.
#include "special/special_table.h"

#include "elf/kernel_sections.h"

#include <algorithm>

namespace kpatch::special {

namespace {

using arch::ArchSet;
using enum arch::ArchSet;

constexpr auto kAlternatives =
    static_cast<ArchSet>(kAarch64 | kX86_64 | kS390 | kLoongarch64);

constexpr Structure kFixupEntry{"fixup_entry", "FIXUP_STRUCT_SIZE"};

/// Entries as long as a structure of the kernel.
constexpr SpecialSection structs(std::string_view name, ArchSet archs,
                                 Structure structure, KnownSizes known_sizes = {},
                                 Filter filter = Filter::kNone) {
  return {.name = name,
          .archs = archs,
          .entries = Entries::kStruct,
          .structure = structure,
          .known_sizes = known_sizes,
          .filter = filter};
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
    // 8 bytes without file and line, 16 with a format.
    naming_lines(
        structs(elf::kBugs, kAllArchs, {"bug_entry", "BUG_STRUCT_SIZE"}, {8, 12, 16})),
    {.name = ".fixup", .archs = kAllArchs, .entries = Entries::kFixup},
    // 8 bytes without a type.
    structs(elf::kExceptions, kAllArchs, {"exception_table_entry", "EX_STRUCT_SIZE"},
            {12, 8}),
    structs(elf::kJumpLabels, kAllArchs, {"jump_entry", "JUMP_STRUCT_SIZE"}, {16},
            Filter::kJumpLabel),
    structs(elf::kParavirtSites, kX86_64, {"paravirt_patch_site", "PARA_STRUCT_SIZE"}),
    // 13 bytes with padlen before 5.13, 14 with flags from 6.3 on.
    naming_replacements(structs(elf::kAlternatives, kAlternatives,
                                {"alt_instr", "ALT_STRUCT_SIZE"}, {12, 13, 14})),
    structs(elf::kStaticCalls, kX86_64, {"static_call_site", "STATIC_CALL_STRUCT_SIZE"},
            {8}, Filter::kStaticCall),
    structs("__ftr_fixup", kPpc64, kFixupEntry),
    structs("__mmu_ftr_fixup", kPpc64, kFixupEntry),
    structs("__fw_ftr_fixup", kPpc64, kFixupEntry),

    places(elf::kLocks, kX86_64, 4),
    places(".call_sites", kX86_64, 4),
    places(elf::kRetpolineSites, kX86_64, 4),
    places(elf::kReturnSites, kX86_64, 4),
    about_entries_only(
        places(elf::kSealedSites, kX86_64, 4)), // ENDBRs that nobody may jump to
    about_entries_only(
        places(".cfi_sites", kX86_64, 4)), // __cfi_ prefixes that FineIBT rewrites
    places(".kcfi_traps", kX86_64, 4), // checks whose failure is reported, not a crash
    places("__lwsync_fixup", kPpc64, 8),
    places("__barrier_nospec_fixup", kPpc64, 8),
    places(".s390_return_mem", kS390, 4),
    places(".s390_return_reg", kS390, 4),
    places(".s390_indirect_call", kS390, 4),
    places(".s390_indirect_branches", kS390, 4),
    places(".s390_indirect_jump", kS390, 4),

    // Pointers to format strings, for tools that read vmlinux.
    with_policy(".printk_index", kAllArchs, Policy::kLeaveOut),

    {.name = elf::kFtraceSites,
     .archs = kAllArchs,
     .policy = Policy::kRegenerate,
     .fixed_size = 8},
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
  std::uint64_t place_length_at;
  std::uint64_t length_at;
};

constexpr AlternativeLayout kLayouts[] = {
    {kAlternatives, 12, 10, 11}, {kX86_64, 13, 10, 11}, {kX86_64, 14, 12, 13},
    {kS390, 11, 10, 10},         {kS390, 13, 12, 12},
};

} // namespace

std::optional<std::uint64_t> place_length_at(const arch::Arch& arch,
                                             std::uint64_t entry_size) {
  for (const AlternativeLayout& layout : kLayouts)
    if ((layout.archs & arch.bit()) && layout.size == entry_size)
      return layout.place_length_at;
  return std::nullopt;
}

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

const std::vector<Structure>& wanted_structures() {
  static const std::vector<Structure> all = [] {
    std::vector<Structure> each = {kOrcEntry};
    for (const SpecialSection& row : kTable)
      if (row.entries == Entries::kStruct &&
          std::ranges::find(each, row.structure.name, &Structure::name) == each.end())
        each.push_back(row.structure);
    return each;
  }();
  return all;
}

std::optional<std::uint32_t> size_of(const StructSizes& sizes,
                                     const Structure& structure) {
  const auto found = sizes.find(structure.name);
  return found == sizes.end() ? std::nullopt : std::optional(found->second);
}

const SpecialSection* find_special_section(std::string_view name,
                                           const arch::Arch& arch) {
  for (const SpecialSection& row : kTable)
    if ((row.archs & arch.bit()) &&
        (row.is_prefix ? name.starts_with(row.name) : name == row.name))
      return &row;
  return nullptr;
}

bool is_table_of_code(std::string_view name, const arch::Arch& arch) {
  const SpecialSection* row = find_special_section(name, arch);
  return row && row->entries != Entries::kFixup;
}

} // namespace kpatch::special
