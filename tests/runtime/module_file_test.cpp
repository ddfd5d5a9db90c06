// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/process.h"
#include "runtime/module_file.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using namespace std::string_literals;

TEST(ModuleFile, TakesTheNameFromTheStructTheKernelWillUse) {
  elf::Object object = module_object("name=other\0"s);
  Bytes this_module(24 + 56);
  std::memcpy(this_module.data() + 24, "real_name", 9);
  object.add_section({.name = ".gnu.linkonce.this_module", .data = this_module});
  EXPECT_EQ(describe_module(object).name, "real_name");
}

TEST(ModuleFile, RefusesNamesThatCouldLeadElsewhere) {
  for (const std::string& name :
       {"/etc/passwd"s, "../evil"s, "a/b"s, ".."s, "a b"s, "a\nb"s, "a\033[2Jb"s, "a.b"s,
        "\xc3\xa4"s, std::string(56, 'a')})
    EXPECT_THROW(describe_module(module_object("name=" + name + "\0"s)), Error) << name;
  for (const std::string& name : {"a"s, "livepatch-Fix_2"s, std::string(55, 'a')})
    EXPECT_EQ(describe_module(module_object("name=" + name + "\0"s)).name, name);
}

TEST(ModuleFile, StopsReadingWhereNoModuleCanEnd) {
  const TempDir directory("kpatch-test-");
  const std::filesystem::path bomb = directory.path() / "bomb.ko";
  write_file(bomb, "");
  std::filesystem::resize_file(bomb, (std::uintmax_t{256} << 20) + 1);
  EXPECT_THROW(read_module_bytes(bomb), Error);
  run_checked({.argv = {"zstd", "-1q", bomb.string()}});
  EXPECT_LT(std::filesystem::file_size(bomb.string() + ".zst"), 1 << 20);
  EXPECT_THROW(read_module_bytes(bomb.string() + ".zst"), Error);
}

TEST(ModuleFile, ReadsDependenciesAndRelease) {
  const ModuleFile file = describe_module(
      module_object("name=ip_vs\0depends=nf_conntrack,libcrc32c\0"
                    "softdep=pre: crc32c other post: late\0vermagic=6.1.0-1 SMP mod\0"s));
  EXPECT_THAT(file.needed(), ElementsAre("nf_conntrack", "libcrc32c"));
  EXPECT_THAT(file.wanted(), ElementsAre("crc32c", "other"));
  EXPECT_EQ(file.release(), "6.1.0-1");
}

TEST(ModuleFile, NamesTheObjectsOfItsFunctionRecords) {
  elf::Object object = module_object("name=livepatch_a\0"s);
  const std::string strings = "vmlinux\0ip_vs\0"s;
  const elf::SectionId id = object.add_section(
      {.name = ".kpatch.strings", .data = {strings.begin(), strings.end()}});
  const elf::SymbolId symbol = object.section_symbol(id);
  object.add_section({.name = ".kpatch.funcs",
                      .data = Bytes(112),
                      .has_relocations = true,
                      .relocations = {{.offset = 40, .symbol = symbol, .addend = 3},
                                      {.offset = 48, .symbol = symbol, .addend = 0},
                                      {.offset = 104, .symbol = symbol, .addend = 8}}});
  EXPECT_THAT(describe_module(object).patched_objects, ElementsAre("ip_vs", "vmlinux"));
}

TEST(ModuleFile, NamesTheFunctionsOfItsRecords) {
  elf::Object object = module_object("name=livepatch_a\0"s);
  const std::string strings = "vmlinux\0f\0"s;
  const elf::SectionId id = object.add_section(
      {.name = ".kpatch.strings", .data = {strings.begin(), strings.end()}});
  const elf::SymbolId symbol = object.section_symbol(id);
  Bytes records(112);
  records[32] = 2; // symbol position of the first one
  object.add_section({.name = ".kpatch.funcs",
                      .data = records,
                      .has_relocations = true,
                      .relocations = {{.offset = 40, .symbol = symbol, .addend = 8},
                                      {.offset = 48, .symbol = symbol, .addend = 0},
                                      {.offset = 96, .symbol = symbol, .addend = 8},
                                      {.offset = 104, .symbol = symbol, .addend = 0}}});
  EXPECT_THAT(describe_module(object).functions,
              ElementsAre(ReplacedFunction{"vmlinux", "f", 1},
                          ReplacedFunction{"vmlinux", "f", 2}));
}

/// A module of the kernel's own builder: nothing for vmlinux but `f`, the second `g` for
/// an object of a name.
elf::Object built_by_the_kernel(const std::string& name) {
  elf::Object object = module_object("name=livepatch_a\0"s);
  const std::string strings = "f\0g\0"s + name + "\0"s;
  const elf::SymbolId text = object.section_symbol(object.add_section(
      {.name = ".init.rodata.str1.1", .data = {strings.begin(), strings.end()}}));
  const elf::SectionId funcs =
      object.add_section({.name = ".init.klp_funcs",
                          .data = Bytes(48),
                          .has_relocations = true,
                          .relocations = {{.offset = 0, .symbol = text, .addend = 0},
                                          {.offset = 24, .symbol = text, .addend = 2}}});
  object.sections[funcs].data[40] = 2; // position
  const elf::SymbolId table = object.section_symbol(funcs);
  Bytes objects(128);
  objects[56] = objects[64 + 56] = 1; // how many functions
  object.add_section({.name = ".init.klp_objects",
                      .data = objects,
                      .has_relocations = true,
                      .relocations = {{.offset = 8, .symbol = table, .addend = 0},
                                      {.offset = 64, .symbol = text, .addend = 4},
                                      {.offset = 72, .symbol = table, .addend = 24}}});
  return object;
}

TEST(ModuleFile, NamesWhatAModuleOfTheKernelsOwnBuilderReplaces) {
  const ModuleFile file = describe_module(built_by_the_kernel("ip_vs"));
  EXPECT_THAT(file.functions, ElementsAre(ReplacedFunction{"ip_vs", "g", 2},
                                          ReplacedFunction{"vmlinux", "f", 1}));
  EXPECT_THAT(file.patched_objects, ElementsAre("ip_vs", "vmlinux"));
}

TEST(ModuleFile, TakesNoPathForAnObject) {
  EXPECT_THAT(describe_module(built_by_the_kernel("../evil")).patched_objects,
              ElementsAre("vmlinux"));
}

TEST(ModuleFile, TellsWhetherItReplacesOthers) {
  EXPECT_EQ(describe_module(module_object("name=a\0replace=true\0"s)).replaces(), true);
  EXPECT_EQ(describe_module(module_object("name=a\0replace=false\0"s)).replaces(), false);
  EXPECT_FALSE(describe_module(module_object("name=a\0"s)).replaces());
}

TEST(ModuleFile, IsKnownByItsFileName) {
  for (const char* name : {"a.ko", "a.ko.xz", "a.ko.zst", "b/a.ko.gz"})
    EXPECT_TRUE(is_module_file_name(name)) << name;
  for (const char* name : {"a", "a.xz", "a.ko.new", "a.ko.bz2", "ako"})
    EXPECT_FALSE(is_module_file_name(name)) << name;
}

TEST(ModuleFile, NamesTheObjectsOfItsLivepatchRelocations) {
  elf::Object object = module_object("name=livepatch_a\0"s);
  object.livepatch.push_back({.name = ".klp.rela.nf_nat..text.f"});
  EXPECT_THAT(describe_module(object).patched_objects, ElementsAre("nf_nat"));
}

TEST(ModuleFile, RefusesAnObjectThatIsNoModule) {
  EXPECT_THROW(describe_module(elf::Object()), Error);
}

TEST(ModuleFile, ReadsACompressedModule) {
  const TempDir directory("kpatch-test-");
  const auto file = write_module(directory.path(), "packed");
  run_checked({.argv = {"xz", file.string()}});
  EXPECT_EQ(read_module_file(file.string() + ".xz").name, "packed");
}

TEST(ModuleName, IsTheFileNameAsTheKernelSpellsIt) {
  EXPECT_EQ(module_name("/a/b-c/livepatch-x.ko.xz"), "livepatch_x");
  EXPECT_EQ(module_name("plain"), "plain");
}

} // namespace
} // namespace kpatch::runtime
