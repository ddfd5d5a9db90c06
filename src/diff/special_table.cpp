// SPDX-License-Identifier: GPL-2.0-or-later
//
// The special sections of the kernel, one a row. A section that is not here gets no such
// treatment: unreferenced new ones stay out, changed ones are refused. .fixup stands
// before __ex_table because the latter's offsets follow its pieces. The struct sizes are
// the running kernel's own and come from outside: they have changed over the years and
// distributions backport.
#include "diff/special_table.h"

namespace kpatch::diff {

namespace {

using Sizes = kernel::StructSizes;
using arch::ArchSet;
using enum arch::ArchSet;
using enum Entries;

constexpr auto kAlternatives =
    static_cast<ArchSet>(kAarch64 | kX86_64 | kS390 | kLoongarch64);
constexpr auto kNotLoongarch = static_cast<ArchSet>(kAllArchs & ~kLoongarch64);

constexpr SpecialSection kTable[] = {
    {"__bug_table",            kAllArchs,                    kStruct,                                     &Sizes::bug,                                                                             0,                                                                                                                                     Filter::kNone, "BUG_STRUCT_SIZE"},
    {".fixup",       kAllArchs,                                   kFixup                                                                      },
    {"__ex_table",             kAllArchs,                    kStruct,                                     &Sizes::exception,                                                                                                                                               0,                                                                                                                                                                                                                                            Filter::kNone,
     "EX_STRUCT_SIZE"},
    {"__jump_table",         kAllArchs,                                     kStruct,                                                                   &Sizes::jump,                                                                       0,                                                             Filter::kJumpLabel,
     "JUMP_STRUCT_SIZE"},
    {".printk_index",                       kNotLoongarch,                                 kStruct,                                                                                  &Sizes::printk_index,                                                                                                                                         0,                                                                                                                                                                                                                                   Filter::kNone,
     "PRINTK_INDEX_STRUCT_SIZE"},
    {".smp_locks",                 kX86_64,kFixed,nullptr,                                                                                                                                                                         4                                                                                                                                                                                                                                                                                               },
    {".parainstructions",             kX86_64,                  kStruct,                                                               &Sizes::paravirt,0,                                                                                                                                                                                                                                                                                                          Filter::kNone,
     "PARA_STRUCT_SIZE"},
    {".altinstructions",      kAlternatives,               kStruct,                                  &Sizes::alt,                                                                                                                                                                                              0,                                                                                                                                                          Filter::kNone,
     "ALT_STRUCT_SIZE"},
    {".static_call_sites",       kX86_64,                                   kStruct,                                                             &Sizes::static_call,                                           0,                                                                                                                                                                                                                                                                                            Filter::kStaticCall,
     "STATIC_CALL_STRUCT_SIZE"},
    {".call_sites",                       kX86_64,                                      kFixed,                                                                                   nullptr,                                                                                                                                  4                                                                                                                                                                                                                                                 },
    {".retpoline_sites",                 kX86_64,kFixed,nullptr,                                                                                                                                                                          4                                                                                                                                                                                                                                                                                           },
    {".return_sites",            kX86_64,           kFixed,           nullptr,4                                                                                                                                                                                                                                                                                                          },
    {"__ftr_fixup",       kPpc64,            kStruct,                                                          &Sizes::fixup,         0,            Filter::kNone,
     "FIXUP_STRUCT_SIZE"},
    {"__mmu_ftr_fixup",          kPpc64,                    kStruct,                                               &Sizes::fixup,                                                                                                                                                                     0,                                                                                                                                Filter::kNone,
     "FIXUP_STRUCT_SIZE"},
    {"__fw_ftr_fixup",            kPpc64,                            kStruct,                                                     &Sizes::fixup,                                                                                                                     0,                                                                                                                                                                                                                                                          Filter::kNone,
     "FIXUP_STRUCT_SIZE"},
    {"__lwsync_fixup",      kPpc64,                                  kFixed,                                                             nullptr,                                                                      8                                                                                                                                                                                                 },
    {"__barrier_nospec_fixup",                       kPpc64,                                      kFixed,                                                                                 nullptr,                                                                                                                                     8                                                                                                                                                                                                                                               },
    {".s390_return_mem",                 kS390,     kFixed,nullptr,                                                                                                                                                                        4                                                                                                                                                                                                                                                                                             },
    {".s390_return_reg",         kS390,                          kFixed,                              nullptr,4                                                                                                                                                                                                                                                                                                                },
    {".s390_indirect_call", kS390, kFixed, nullptr,                                                  4                                                                                                                },
    {".s390_indirect_branches",       kS390,              kFixed,                                               nullptr, 4},
    {".s390_indirect_jump",       kS390,                      kFixed,                                  nullptr,                                                                                                                                     4                                                                                                 },
};

} // namespace

std::span<const SpecialSection> special_sections() {
  return kTable;
}

bool is_special_section(std::string_view name, const arch::Arch& arch) {
  for (const SpecialSection& row : kTable)
    if (row.name == name && (row.archs & arch.bit()))
      return true;
  return false;
}

} // namespace kpatch::diff
