// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/arch.h"
#include "base/endian.h"
#include "elf/kernel_sections.h"
#include "verify/kernel_tables.h"

#include <gtest/gtest.h>

namespace kpatch::verify {
namespace {

constexpr std::uint64_t kText = 0x10000, kData = 0x20000, kTable = 0x30000, kSize = 14;

/// A kernel of 300 alternatives, of which some are of places in data.
KernelTables tables_with(std::uint64_t strays, const char* processor = "x86_64") {
  Bytes table(300 * kSize);
  for (std::uint64_t at = 0; at < table.size(); at += kSize) {
    const std::uint64_t place = (at < strays * kSize ? kData : kText) + at;
    store<std::uint32_t>(table, at, static_cast<std::uint32_t>(place - kTable - at),
                         std::endian::little);
    table[at + 12] = 5;
  }
  const image::Image image(
      "vmlinux", std::endian::little,
      {{.name = ".text",
        .address = kText,
        .size = 0x2000,
        .flags = SHF_ALLOC | SHF_EXECINSTR},
       {.name = ".data", .address = kData, .size = 0x2000, .flags = SHF_ALLOC},
       {.name = ".altinstructions",
        .address = kTable,
        .size = table.size(),
        .flags = SHF_ALLOC,
        .data = table}},
      {});
  return kernel_tables(&image, *arch::find_arch(processor));
}

TEST(KernelTables, TellTheSizeOfAnEntry) {
  const KernelTables tables = tables_with(0);
  EXPECT_EQ(tables.entry_size(elf::kAlternatives), kSize);
  EXPECT_EQ(tables.alternative_length, 12u);
  EXPECT_EQ(tables.replacement_length, 13u);
}

TEST(KernelTables, MayHaveAnEntryThatLeadsToData) {
  EXPECT_EQ(tables_with(3).entry_size(elf::kAlternatives), kSize);
  EXPECT_EQ(tables_with(4).entry_size(elf::kAlternatives), 0u);
}

/// Whose module it is stands in the module: it need not be the kernel's processor.
TEST(KernelTables, AreNotReadAsAnotherProcessors) {
  EXPECT_EQ(tables_with(0, "aarch64").entry_size(elf::kAlternatives), 0u);
}

} // namespace
} // namespace kpatch::verify
