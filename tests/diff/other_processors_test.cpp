// SPDX-License-Identifier: GPL-2.0-or-later
// What objects for processors other than x86-64 have of their own.
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

struct Table {
  std::uint16_t machine;
  std::endian order;
  const char* section;
  std::uint64_t size; ///< of an entry
  std::uint32_t type; ///< of the relocation that names the code
  Bytes entry_of_ftrace;
};

const Bytes kS390Nop = {0xc0, 0x04, 0, 0, 0, 0};
const Bytes kPpcCall = {1, 0, 0, 0x48};

/// Functions f and g with an entry each in the table; f varies.
elf::Object with_table(const Table& given, std::uint8_t filler) {
  ObjectBuilder builder;
  elf::Object& object = builder.object();
  object.header.machine = given.machine;
  object.header.order = given.order;
  for (const std::string name : {"g", "f"}) {
    Bytes code = given.entry_of_ftrace;
    code.insert(code.end(), {0x07, name == "f" ? filler : std::uint8_t{1}, 0x07, 0xfe});
    builder.plain_function(name, code);
    if (given.machine == EM_PPC64)
      builder.add_relocation(name, 0, R_PPC64_REL24, builder.symbol("_mcount"), 0);
  }
  const elf::SectionId table = builder.section(
      {.name = given.section, .flags = SHF_ALLOC, .data = Bytes(2 * given.size)});
  builder.relocate(table, {0, given.type, builder.symbol("g"), 0});
  builder.relocate(table, {given.size, given.type, builder.symbol("f"), 0});
  return builder.build();
}

class Tables : public ::testing::TestWithParam<Table> {};

TEST_P(Tables, KeepTheEntriesOfThePatch) {
  Diffing diffing;
  diffing.sizes["fixup_entry"] = 48;
  diffing.sizes["bug_entry"] = 12;
  const Result result = diffing.run(with_table(GetParam(), 2), with_table(GetParam(), 3));
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  const elf::Section& table = object.sections[object.find_section(GetParam().section)];
  EXPECT_EQ(table.size(), GetParam().size);
  ASSERT_EQ(table.relocations.size(), 1U);
  EXPECT_EQ(object.symbols[table.relocations[0].symbol].name, "f");
  EXPECT_EQ(table.relocations[0].offset, 0U);
}

Table s390(const char* section) {
  return {EM_S390, std::endian::big, section, 4, R_390_PC32, kS390Nop};
}
Table ppc(const char* section, std::uint64_t size) {
  return {EM_PPC64, std::endian::little, section, size, R_PPC64_REL64, kPpcCall};
}

INSTANTIATE_TEST_SUITE_P(
    All, Tables,
    ::testing::Values(
        s390(".s390_indirect_call"), s390(".s390_indirect_branches"),
        s390(".s390_indirect_jump"), s390(".s390_return_mem"), s390(".s390_return_reg"),
        Table{EM_S390, std::endian::big, "__bug_table", 12, R_390_PC32, kS390Nop},
        ppc("__ftr_fixup", 48), ppc("__mmu_ftr_fixup", 48), ppc("__fw_ftr_fixup", 48),
        ppc("__lwsync_fixup", 8), ppc("__barrier_nospec_fixup", 8)));

TEST(MappingSymbols, NameNothing) {
  const auto make = [](std::uint8_t filler, bool has_marks) {
    ObjectBuilder builder;
    elf::Object& object = builder.object();
    object.header.machine = EM_AARCH64;
    Bytes code = {0x1f, 0x20, 0x03, 0xd5, 0x1f, 0x20, 0x03, 0xd5, filler, 0, 0, 0x91};
    const elf::SymbolId f = builder.plain_function("f", code);
    const elf::SectionId home = object.symbols[f].section;
    const elf::SectionId data =
        builder.section({.name = ".rodata.pool", .flags = SHF_ALLOC, .data = Bytes(8)});
    if (has_marks) {
      builder.define("$x", STT_NOTYPE, home, 0);
      builder.define("$d", STT_NOTYPE, data, 0);
    }
    builder.define("table", STT_OBJECT, data, 8);
    builder.add_relocation("f", 8, R_AARCH64_ADR_PREL_PG_HI21,
                           object.section_symbol(data), 0);
    const elf::SectionId entries =
        builder.section({.name = "__patchable_function_entries",
                         .flags = SHF_ALLOC | SHF_WRITE,
                         .data = Bytes(8)});
    builder.relocate(entries, {0, R_AARCH64_ABS64, object.section_symbol(home), 0});
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(1, true), make(1, false)).exit, Exit::kNoChange);
  const Result result = Diffing().run(make(1, true), make(2, true));
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  for (const elf::Relocation& relocation :
       object.sections[object.find_section(".text.f")].relocations)
    EXPECT_EQ(object.symbols[relocation.symbol].name, "table");
}

/// f() takes the address of `target` by its distance from the TOC pointer, beside a slot
/// that says where `other` is.
elf::Object with_distance(const std::string& target, std::int64_t addend) {
  constexpr Bytes::size_type kAddress = 4;
  ObjectBuilder builder;
  elf::Object& object = builder.object();
  object.header.machine = EM_PPC64;
  Bytes code = kPpcCall;
  code.insert(code.end(), {0, 0, 0x22, 0x3d, 0, 0, 0x29, 0x39, 0x20, 0, 0x80, 0x4e});
  builder.plain_function("f", code);
  builder.add_relocation("f", 0, R_PPC64_REL24, builder.symbol("_mcount"), 0);
  for (const char* name : {"one", "two", "other"})
    builder.variable(name, Bytes(64));
  const elf::SectionId slots = builder.section(
      {.name = ".toc", .flags = SHF_ALLOC | SHF_WRITE, .alignment = 8, .data = Bytes(8)});
  builder.relocate(slots, {0, R_PPC64_ADDR64, builder.symbol("other"), 0});
  const elf::SymbolId meant =
      target == ".toc" ? object.section_symbol(slots) : builder.symbol(target);
  builder.add_relocation("f", kAddress, R_PPC64_TOC16_HA, meant, addend);
  builder.add_relocation("f", kAddress + 4, R_PPC64_TOC16_LO, meant, addend);
  return builder.build();
}

TEST(TocDistances, OfThingsAreNotTakenForSlots) {
  const auto exit = [](const elf::Object& original, const elf::Object& patched) {
    return Diffing().run(original, patched).exit;
  };
  EXPECT_EQ(exit(with_distance("one", 0), with_distance("one", 0)), Exit::kNoChange);
  EXPECT_EQ(exit(with_distance("one", 0), with_distance("two", 0)), Exit::kSuccess);
  EXPECT_EQ(exit(with_distance("one", 0), with_distance("one", 32)), Exit::kSuccess);
  EXPECT_EQ(exit(with_distance(".toc", 0), with_distance("one", 0)), Exit::kSuccess);
}

/// f(), which is patched, finds `mine` through .toc, and g() finds `others`, which is
/// new.
TEST(TocSlots, OfCodeThatStaysAreNotFilled) {
  const auto make = [](std::uint8_t filler, bool has_others) {
    ObjectBuilder builder;
    elf::Object& object = builder.object();
    object.header.machine = EM_PPC64;
    const elf::SectionId slots = builder.section({.name = ".toc",
                                                  .flags = SHF_ALLOC | SHF_WRITE,
                                                  .alignment = 8,
                                                  .data = Bytes(16)});
    builder.variable("mine", Bytes(8));
    if (has_others)
      builder.variable("others", Bytes(8));
    builder.relocate(slots, {0, R_PPC64_ADDR64, builder.symbol("mine"), 0});
    builder.relocate(slots, {8, R_PPC64_ADDR64, builder.symbol("others"), 0});
    for (const bool is_f : {true, false}) {
      const std::string name = is_f ? "f" : "g";
      Bytes code = kPpcCall;
      code.insert(code.end(), {0, 0, 0x22, 0x3d, 0, 0, 0x29, 0xe9, 0, 0, 0, 0});
      code.back() = is_f ? filler : std::uint8_t{0};
      builder.plain_function(name, code);
      builder.add_relocation(name, 0, R_PPC64_REL24, builder.symbol("_mcount"), 0);
      for (const std::uint32_t type : {R_PPC64_TOC16_HA, R_PPC64_TOC16_LO_DS})
        builder.add_relocation(name, type == R_PPC64_TOC16_HA ? 4 : 8, type,
                               object.section_symbol(slots), is_f ? 0 : 8);
    }
    return builder.build();
  };
  const Result result = Diffing().run(make(1, false), make(2, true));
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  const elf::Section& toc = object.sections[object.find_section(".toc")];
  EXPECT_EQ(toc.size(), 16U); // the code counts on it
  ASSERT_EQ(toc.relocations.size(), 1U);
  EXPECT_EQ(object.symbols[toc.relocations[0].symbol].name, "mine");
  EXPECT_FALSE(object.find_symbol("others"));
}

TEST(LocalLabels, OfLoongarchArePlaces) {
  constexpr std::uint16_t kLoongarch = 258;
  const auto make = [](const std::string& label) {
    ObjectBuilder builder;
    elf::Object& object = builder.object();
    object.header.machine = kLoongarch;
    const elf::SymbolId f = builder.plain_function("f", Bytes(16));
    const elf::SymbolId place =
        builder.define(label, STT_NOTYPE, object.symbols[f].section, 0);
    object.symbols[place].value = 12;
    builder.variable("where", Bytes(8));
    builder.add_relocation("where", 0, 2, place, 0); // R_LARCH_64
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(".LBB1_2"), make(".L7")).exit, Exit::kNoChange);
}

} // namespace
} // namespace kpatch::diff
