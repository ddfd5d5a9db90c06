// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/endian.h"
#include "base/error.h"
#include "elf/object.h"

#include <gtest/gtest.h>

namespace kpatch::elf {
namespace {

Object small_object(std::endian order) {
  Object object;
  object.header.machine = order == std::endian::big ? EM_S390 : EM_X86_64;
  object.header.order = order;
  const SectionId text = object.add_section({.name = ".text.f",
                                             .flags = SHF_ALLOC | SHF_EXECINSTR,
                                             .alignment = 16,
                                             .data = {1, 2, 3, 4, 5, 6, 7, 8}});
  object.add_section({.name = ".bss.v",
                      .type = SHT_NOBITS,
                      .flags = SHF_ALLOC | SHF_WRITE,
                      .nobits_size = 64});
  object.add_symbol({.name = "file.c", .type = STT_FILE, .reserved_index = SHN_ABS});
  object.section_symbol(text);
  object.add_symbol(
      {.name = "f", .binding = STB_GLOBAL, .type = STT_FUNC, .section = text, .size = 8});
  const SymbolId callee = object.add_symbol({.name = "callee", .binding = STB_GLOBAL});
  object.sections[text].has_relocations = true;
  object.sections[text].relocations = {{1, 4, callee, -4}, {5, 4, callee, 0x80000000}};
  return object;
}

void expect_same(const Object& a, const Object& b) {
  EXPECT_EQ(a.header, b.header);
  ASSERT_EQ(a.sections.size(), b.sections.size());
  for (SectionId id = 0; id < a.sections.size(); ++id) {
    EXPECT_EQ(a.sections[id].name, b.sections[id].name);
    EXPECT_EQ(a.sections[id].data, b.sections[id].data);
    EXPECT_EQ(a.sections[id].size(), b.sections[id].size());
    EXPECT_EQ(a.sections[id].link, b.sections[id].link);
    EXPECT_EQ(a.sections[id].relocations, b.sections[id].relocations);
    EXPECT_EQ(a.sections[id].group_members, b.sections[id].group_members);
  }
  ASSERT_EQ(a.symbols.size(), b.symbols.size());
  for (SymbolId id = 0; id < a.symbols.size(); ++id) {
    EXPECT_EQ(a.symbols[id].name, b.symbols[id].name);
    EXPECT_EQ(a.symbols[id].section, b.symbols[id].section);
    EXPECT_EQ(a.symbols[id].reserved_index, b.symbols[id].reserved_index);
    EXPECT_EQ(a.symbols[id].value, b.symbols[id].value);
  }
}

TEST(ReadWrite, KeepsEverythingInBothByteOrders) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    const Object object = small_object(order);
    expect_same(object, read_object(write_object(object), "copy"));
  }
}

TEST(ReadWrite, GivesTheSameBytesTwice) {
  const Bytes first = write_object(small_object(std::endian::little));
  EXPECT_EQ(first, write_object(read_object(first, "copy")));
}

TEST(ReadWrite, KeepsGroupsAndTheirSignature) {
  Object object = small_object(std::endian::little);
  object.sections[1].relocation_flags = SHF_INFO_LINK | SHF_GROUP;
  object.add_section({.name = ".group",
                      .type = SHT_GROUP,
                      .alignment = 4,
                      .entry_size = 4,
                      .group_flags = GRP_COMDAT,
                      .group_members = {1},
                      .group_signature = object.find_symbol("f")});
  const Object copy = read_object(write_object(object), "copy");
  expect_same(object, copy);
  EXPECT_EQ(copy.symbols[copy.sections[3].group_signature].name, "f");
}

TEST(ReadWrite, MovesLocalSymbolsFirstAndRelocationsFollow) {
  Object object = small_object(std::endian::little);
  const SymbolId late = object.add_symbol({.name = "late", .section = 1});
  object.sections[1].relocations.push_back({0, 2, late, 0});
  const Object copy = read_object(write_object(object), "copy");
  EXPECT_EQ(copy.symbols[copy.sections[1].relocations[2].symbol].name, "late");
  EXPECT_LT(copy.find_symbol("late"), copy.find_symbol("f"));
}

TEST(ReadWrite, KeepsMoreSectionsThanSixteenBitsCount) {
  Object object = small_object(std::endian::little);
  constexpr std::size_t kMany = 66000;
  while (object.sections.size() < kMany)
    object.add_section({.name = ".s", .data = {7}});
  const SymbolId last = object.add_symbol({.name = "last", .section = kMany - 1});
  object.sections[1].relocations.push_back({0, 2, last, 0});
  const Object copy = read_object(write_object(object), "copy");
  ASSERT_EQ(copy.sections.size(), kMany);
  EXPECT_EQ(copy.symbols[copy.find_symbol("last")].section, kMany - 1);
}

TEST(ReadWrite, KeepsLivepatchRelocations) {
  Object object = small_object(std::endian::little);
  const SymbolId symbol = object.add_symbol(
      {.name = ".klp.sym.vmlinux.g,0", .binding = STB_GLOBAL, .reserved_index = 0xff20});
  object.livepatch.push_back({".klp.rela.vmlinux..text.f", 1, {{4, 2, symbol, 0}}});
  const Object copy = read_object(write_object(object), "copy");
  ASSERT_EQ(copy.livepatch.size(), 1U);
  EXPECT_EQ(copy.livepatch[0].target, 1U);
  EXPECT_EQ(copy.symbols[copy.livepatch[0].relocations.at(0).symbol].reserved_index,
            0xff20);
}

TEST(Read, RefusesWhatIsNoObject) {
  EXPECT_THROW(read_object(Bytes{}, "empty"), Error);
  EXPECT_THROW(read_object(Bytes(100, 'x'), "text"), Error);
}

TEST(Read, RefusesImpossibleAlignments) {
  for (const std::uint64_t alignment : {3ULL, 0xfffffef6415e8401ULL, 1ULL << 40}) {
    Object object;
    object.header.machine = EM_X86_64;
    object.add_section({.name = ".data", .data = {1, 2, 3}});
    Bytes file = write_object(object);
    // The field, in the second entry of the section header table.
    const std::uint64_t headers = load<std::uint64_t>(file, 40, std::endian::little);
    store<std::uint64_t>(file, headers + 64 + 48, alignment, std::endian::little);
    EXPECT_THROW(read_object(file, "test"), Error) << alignment;
  }
}

TEST(Read, NeverCrashesOnTruncatedOrDamagedFiles) {
  const Bytes good = write_object(small_object(std::endian::little));
  for (std::size_t size = 0; size < good.size(); ++size) {
    try {
      read_object(std::span(good).first(size), "truncated");
    } catch (const Error&) {
    }
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes damaged = good;
    damaged[at] ^= 0xff;
    try {
      read_object(damaged, "damaged");
    } catch (const Error&) {
    }
  }
}

} // namespace
} // namespace kpatch::elf
