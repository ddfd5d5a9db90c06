// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "klp/exports.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

image::Symvers sample_symvers() {
  return image::Symvers::parse("0x1\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n"
                               "0x2\tdma_buf_put\tvmlinux\tEXPORT_SYMBOL_GPL\tDMA_BUF\n",
                               "Module.symvers");
}

elf::Object needing(std::initializer_list<const char*> names) {
  elf::Object object;
  object.label = "needing.o";
  for (const char* name : names)
    object.add_symbol({.name = name, .binding = STB_GLOBAL});
  return object;
}

elf::Object defining(const char* name, std::uint8_t binding = STB_GLOBAL) {
  elf::Object object;
  const elf::SectionId text = object.add_section({.name = ".text"});
  object.add_symbol({.name = name, .binding = binding, .section = text});
  return object;
}

void add_modinfo(elf::Object& object, std::string_view text) {
  object.add_section({.name = ".modinfo", .data = Bytes(text.begin(), text.end())});
}

TEST(UndefinedSymbols, MayBeExportedOrDefinedByAnotherPart) {
  const elf::Object objects[] = {needing({"_printk", "helper", "__this_module"}),
                                 defining("helper")};
  EXPECT_NO_THROW(check_undefined_symbols(objects, sample_symvers()));
}

TEST(UndefinedSymbols, AreAllNamed) {
  const elf::Object objects[] = {needing({"zebra", "_printk", "ape"}),
                                 defining("zebra", STB_LOCAL)};
  try {
    check_undefined_symbols(objects, sample_symvers());
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "Undefined symbols: ape zebra");
  }
}

TEST(BorrowedSymbols, AreThoseOfPartsForOtherModules) {
  const PartNames parts[] = {names_of(needing({"helper", "own", "core"})),
                             names_of(defining("helper")), names_of(defining("own")),
                             names_of(defining("core")), names_of(needing({"helper"}))};
  const std::string owners[] = {"dummy", "veth", "dummy", "vmlinux", "vmlinux"};
  const auto found = borrowed(parts, owners);
  const std::map<std::string, std::string> helper = {{"helper", "veth"}};
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found[0], helper);
  EXPECT_EQ(found[4], helper);
  EXPECT_TRUE(found[1].empty() && found[2].empty() && found[3].empty());
}

TEST(UndefinedSymbols, AreToldOfThePartThatNeedsThem) {
  const PartNames parts[] = {names_of(needing({"helper", "_printk", "gone"})),
                             names_of(defining("helper")),
                             names_of(needing({"zebra", "ape", "__this_module"}))};
  const auto missing = unprovided(parts, sample_symvers());
  ASSERT_EQ(missing.size(), 3u);
  EXPECT_EQ(missing[0], std::vector<std::string>{"gone"});
  EXPECT_TRUE(missing[1].empty());
  EXPECT_EQ(missing[2], (std::vector<std::string>{"ape", "zebra"}));
}

TEST(UndefinedSymbols, MayComeFromTheBuildOfTheKernel) {
  constexpr const char* kThunk = "__s390_indirect_jump_r14";
  const arch::Arch& s390 = *arch::find_arch("s390x");
  const TempDir tree("kpatch-exports-test.");
  const elf::Object part = needing({kThunk});
  const auto missing = [&] {
    const PartNames parts[] = {names_of(part), names_of_build(tree.path(), s390)};
    return unprovided(parts, sample_symvers()).at(0);
  };
  const auto check = [&] {
    check_undefined_symbols(std::span(&part, 1), sample_symvers(),
                            names_of_build(tree.path(), s390));
  };
  EXPECT_EQ(missing(), std::vector<std::string>{kThunk});
  EXPECT_THROW(check(), Error);

  elf::Object thunks = defining(kThunk);
  thunks.header.machine = EM_S390;
  thunks.header.order = std::endian::big;
  const std::filesystem::path place = tree.path() / "arch/s390/lib/expoline";
  std::filesystem::create_directories(place);
  write_file(place / "expoline.o", elf::write_object(thunks));
  EXPECT_EQ(missing(), std::vector<std::string>());
  EXPECT_NO_THROW(check());
}

TEST(UndefinedSymbols, MayBeWeak) {
  elf::Object object;
  object.add_symbol({.name = "perhaps", .binding = STB_WEAK});
  EXPECT_NO_THROW(check_undefined_symbols(std::span(&object, 1), sample_symvers()));
}

TEST(UndefinedSymbols, MayBeForTheLivepatchCode) {
  elf::Object object;
  object.add_symbol({.name = ".klp.sym.vmlinux.f,1", .reserved_index = 0xff20});
  EXPECT_NO_THROW(check_undefined_symbols(std::span(&object, 1), sample_symvers()));
}

TEST(Namespaces, AreImportedWhereUsed) {
  const elf::Object objects[] = {needing({"_printk", "dma_buf_put"})};
  const std::set<std::string> missing = missing_namespaces(objects, sample_symvers());
  EXPECT_EQ(missing, std::set<std::string>{"DMA_BUF"});

  const elf::Object imports = import_object({"CXL", "DMA_BUF"}, objects[0]);
  const std::string_view expected("import_ns=CXL\0import_ns=DMA_BUF\0", 32);
  ASSERT_EQ(imports.sections.size(), 2u);
  EXPECT_EQ(imports.sections[1].name, ".modinfo");
  EXPECT_EQ(imports.sections[1].flags, std::uint64_t{SHF_ALLOC});
  EXPECT_EQ(imports.sections[1].data, Bytes(expected.begin(), expected.end()));
}

TEST(Namespaces, AreNotImportedTwice) {
  elf::Object object = needing({"dma_buf_put"});
  add_modinfo(object, {"license=GPL\0import_ns=DMA_BUF\0", 30});
  EXPECT_TRUE(missing_namespaces(std::span(&object, 1), sample_symvers()).empty());
}

TEST(StripDebug, TakesDebugSectionsAndWhatOnlyTheyUse) {
  elf::Object object = needing({"used", "for_debug"});
  const elf::SymbolId used = object.find_symbol("used");
  object.add_section(
      {.name = ".text", .has_relocations = true, .relocations = {{.symbol = used}}});
  object.add_section({.name = ".debug_info",
                      .has_relocations = true,
                      .relocations = {{.symbol = object.find_symbol("for_debug")}}});
  strip_debug(object);
  EXPECT_EQ(object.find_section(".debug_info"), elf::kNoSection);
  EXPECT_EQ(object.find_symbol("for_debug"), elf::kNoSymbol);
  EXPECT_NE(object.find_symbol("used"), elf::kNoSymbol);
}

} // namespace
} // namespace kpatch::klp
