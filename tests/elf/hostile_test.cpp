// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects that lie: each test damages one field of a good one and wants an Error that
// names the object and the place.
#include "base/endian.h"
#include "base/error.h"
#include "elf/object.h"

#include <cstddef>
#include <gmock/gmock.h>

namespace kpatch::elf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kTerabytes = std::uint64_t{1} << 45;

/// Numbers of the sections of `good_file`.
enum Number { kText = 1, kTextRela, kBss, kGroup, kSymtab, kStrtab };

Bytes good_file() {
  Object object;
  object.header.machine = EM_X86_64;
  const SectionId text = object.add_section({.name = ".text.f",
                                             .flags = SHF_ALLOC | SHF_EXECINSTR,
                                             .alignment = 16,
                                             .data = Bytes(16, 0x90)});
  object.add_section({.name = ".bss", .type = SHT_NOBITS, .nobits_size = 64});
  const SymbolId function = object.add_symbol({.name = "f",
                                               .binding = STB_GLOBAL,
                                               .type = STT_FUNC,
                                               .section = text,
                                               .size = 16});
  object.add_section({.name = ".group",
                      .type = SHT_GROUP,
                      .alignment = 4,
                      .entry_size = 4,
                      .group_members = {text},
                      .group_signature = function});
  object.sections[text].has_relocations = true;
  object.sections[text].relocations = {{4, R_X86_64_PLT32, function, -4}};
  return write_object(object);
}

template <typename T>
void set(Bytes& file, std::uint64_t at, T value) {
  store<T>(file, at, value, std::endian::little);
}

std::uint64_t header_of(const Bytes& file, Number section) {
  return load<std::uint64_t>(file, offsetof(Elf64_Ehdr, e_shoff), std::endian::little) +
         section * sizeof(Elf64_Shdr);
}

std::uint64_t contents_of(const Bytes& file, Number section) {
  return load<std::uint64_t>(file,
                             header_of(file, section) + offsetof(Elf64_Shdr, sh_offset),
                             std::endian::little);
}

/// The message of the Error; empty if the file is taken.
std::string complaint(const Bytes& file) {
  try {
    read_object(file, "hostile.o");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

std::string complaint_about(Number section, std::size_t field, std::uint64_t value) {
  Bytes file = good_file();
  set(file, header_of(file, section) + field, value);
  return complaint(file);
}

TEST(HostileObject, TheGoodOneIsTaken) {
  EXPECT_EQ(complaint(good_file()), "");
}

TEST(HostileObject, ATruncatedSectionNamesItself) {
  EXPECT_THAT(complaint_about(kText, offsetof(Elf64_Shdr, sh_size), kTerabytes),
              AllOf(HasSubstr("hostile.o"), HasSubstr(".text.f")));
}

TEST(HostileObject, ACutFileIsRefused) {
  Bytes file = good_file();
  file.resize(file.size() - sizeof(Elf64_Shdr) / 2);
  EXPECT_THAT(complaint(file), HasSubstr("hostile.o"));
}

TEST(HostileObject, AnEndlessBssIsRefused) {
  EXPECT_THAT(complaint_about(kBss, offsetof(Elf64_Shdr, sh_size), ~std::uint64_t{0}),
              AllOf(HasSubstr("hostile.o: section .bss"), HasSubstr("beyond reason")));
}

TEST(HostileObject, AnAlignmentThatIsNoPowerOfTwoIsRefused) {
  EXPECT_THAT(complaint_about(kText, offsetof(Elf64_Shdr, sh_addralign), 24),
              AllOf(HasSubstr("hostile.o: section .text.f"), HasSubstr("0x18")));
}

TEST(HostileObject, WritingAHugeAlignmentIsRefusedBeforeMemoryIsTaken) {
  Bytes file = good_file();
  set<std::uint64_t>(file, header_of(file, kText) + offsetof(Elf64_Shdr, sh_addralign),
                     1U << 30);
  const Object object = read_object(file, "hostile.o");
  try {
    write_object(object);
    FAIL() << "written";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("hostile.o: cannot be written"));
  }
}

TEST(HostileObject, ACompressedSectionMayNotClaimTerabytes) {
  Bytes file = good_file();
  set<std::uint64_t>(file, header_of(file, kText) + offsetof(Elf64_Shdr, sh_flags),
                     SHF_COMPRESSED);
  set<std::uint64_t>(file, header_of(file, kText) + offsetof(Elf64_Shdr, sh_size),
                     sizeof(Elf64_Chdr) + 8);
  const std::uint64_t at = file.size(); // where nothing else is
  file.resize(at + sizeof(Elf64_Chdr) + 8);
  set(file, header_of(file, kText) + offsetof(Elf64_Shdr, sh_offset), at);
  set<std::uint32_t>(file, at, ELFCOMPRESS_ZLIB);
  set<std::uint64_t>(file, at + offsetof(Elf64_Chdr, ch_size), kTerabytes);
  set<std::uint64_t>(file, at + offsetof(Elf64_Chdr, ch_addralign), 1);
  EXPECT_THAT(complaint(file), AllOf(HasSubstr("hostile.o: section .text.f"),
                                     HasSubstr("that it claims")));
}

TEST(HostileObject, ARelocationOutsideItsSectionIsRefused) {
  Bytes file = good_file();
  set<std::uint64_t>(file, contents_of(file, kTextRela), 17);
  EXPECT_THAT(complaint(file), AllOf(HasSubstr("hostile.o: section .rela.text.f"),
                                     HasSubstr("relocation 0 at 0x11")));
}

TEST(HostileObject, AnAddendThatWouldOverflowIsRefused) {
  Bytes file = good_file();
  set<std::uint64_t>(file, contents_of(file, kTextRela) + offsetof(Elf64_Rela, r_addend),
                     std::uint64_t{1} << 63);
  EXPECT_THAT(complaint(file), HasSubstr("hostile.o: section .rela.text.f"));
}

TEST(HostileObject, RelocationsThatRelocateThemselvesAreRefused) {
  Bytes file = good_file();
  set<std::uint32_t>(file, header_of(file, kTextRela) + offsetof(Elf64_Shdr, sh_info),
                     kTextRela);
  EXPECT_EQ(complaint(file),
            "hostile.o: can't find base section for rela section .rela.text.f");
}

TEST(HostileObject, ASymbolThatReachesRoundTheEndOfMemoryIsRefused) {
  Bytes file = good_file();
  const std::uint64_t symbol = contents_of(file, kSymtab) + sizeof(Elf64_Sym);
  set<std::uint64_t>(file, symbol + offsetof(Elf64_Sym, st_value), ~std::uint64_t{7});
  EXPECT_THAT(complaint(file),
              AllOf(HasSubstr("hostile.o: symbol 1 (f)"), HasSubstr("outside")));
}

TEST(HostileObject, ASymbolOfASectionThatIsNotThereIsRefused) {
  Bytes file = good_file();
  const std::uint64_t symbol = contents_of(file, kSymtab) + sizeof(Elf64_Sym);
  set<std::uint16_t>(file, symbol + offsetof(Elf64_Sym, st_shndx), 999);
  EXPECT_EQ(complaint(file), "hostile.o: symbol 1 (f): couldn't find section 999 for it");
}

TEST(HostileObject, AGroupMayHoldItselfAndSurviveTheRoundTrip) {
  Bytes file = good_file();
  set<std::uint32_t>(file, contents_of(file, kGroup) + 4, kGroup);
  const Object object = read_object(file, "hostile.o");
  EXPECT_EQ(write_object(object), file);
}

TEST(HostileObject, SectionsThatOverlapAreRefused) {
  EXPECT_EQ(complaint_about(kText, offsetof(Elf64_Shdr, sh_offset), 0),
            "hostile.o: section .text.f: overlaps the ELF header in the file, at 0x0");
  const Bytes file = good_file();
  EXPECT_THAT(complaint_about(kGroup, offsetof(Elf64_Shdr, sh_offset),
                              contents_of(file, kTextRela) + 8),
              HasSubstr("overlaps .rela.text.f in the file"));
}

TEST(HostileObject, TwoSymbolTablesAreRefused) {
  Bytes file = good_file();
  set<std::uint32_t>(file, header_of(file, kStrtab) + offsetof(Elf64_Shdr, sh_type),
                     SHT_SYMTAB);
  EXPECT_EQ(complaint(file), "hostile.o: has two symbol tables");
}

} // namespace
} // namespace kpatch::elf
