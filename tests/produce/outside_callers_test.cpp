// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "image/image.h"
#include "produce/outside_callers.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {

using testing::HasSubstr;

const Bytes kCallReturn = {0xe8, 0, 0, 0, 0, 0xc3}; // relocation at 1

/// An image with `callee`, and sections that refer to it.
class OutsideCallers : public testing::Test {
 protected:
  OutsideCallers() {
    object_.header.machine = EM_X86_64;
    callee_ = object_.add_symbol({.name = "callee",
                                  .binding = STB_GLOBAL,
                                  .type = STT_FUNC,
                                  .section = section(".text", SHF_EXECINSTR, {0xc3}),
                                  .size = 1});
  }

  elf::SectionId section(const std::string& name, std::uint64_t flags, Bytes data) {
    return object_.add_section(
        {.name = name, .flags = SHF_ALLOC | flags, .data = std::move(data)});
  }
  void calls(const std::string& function, const std::string& section_name = ".text.one") {
    const elf::SectionId id = section(section_name, SHF_EXECINSTR, kCallReturn);
    object_.add_symbol({.name = function, .type = STT_FUNC, .section = id, .size = 6});
    refer(id, {1, R_X86_64_PLT32, callee_, -4});
  }
  void has_address(const std::string& section_name) {
    const elf::SectionId id = section(section_name, 0, Bytes(8));
    object_.add_symbol(
        {.name = "in" + section_name, .type = STT_OBJECT, .section = id, .size = 8});
    refer(id, {0, R_X86_64_64, callee_, 0});
  }
  void refer(elf::SectionId id, const elf::Relocation& relocation) {
    object_.sections[id].has_relocations = true;
    object_.sections[id].relocations.push_back(relocation);
  }
  Callers callers(const std::string& owner = "vmlinux", bool leave_init = false) {
    const image::Image image = image::module_image(object_, "image");
    Callers found;
    add_callers({image, arch::arch_for(object_), owner, leave_init},
                image.address_of("callee"), found);
    return found;
  }

  elf::Object object_;
  elf::SymbolId callee_ = elf::kNoSymbol;
};

TEST_F(OutsideCallers, AreNamed) {
  calls("first");
  calls("second", ".text.two");
  const Callers found = callers();
  EXPECT_EQ(found.obstacle, "");
  ASSERT_EQ(found.functions.size(), 2u);
  EXPECT_EQ(found.functions[0].names, std::set<std::string>{"first"});
  EXPECT_EQ(found.functions[1].names, std::set<std::string>{"second"});
  EXPECT_EQ(found.functions[1].owner, "vmlinux");
}

TEST_F(OutsideCallers, AreUnknownIfTheAddressIsStored) {
  has_address(".data");
  EXPECT_EQ(callers().obstacle, "its address is in in.data");
  EXPECT_EQ(callers("mod").obstacle, "its address is in in.data of mod");
}

TEST_F(OutsideCallers, AreNotWhatDescribesCodeOrExportsIt) {
  for (const char* name : {"__ksymtab", ".orc_unwind_ip", "__bug_table"})
    has_address(name);
  EXPECT_EQ(callers().obstacle, "");
  EXPECT_TRUE(callers().functions.empty());
}

TEST_F(OutsideCallers, AreNotTheSymbolTableOfTheKernel) {
  const elf::SectionId id = section(".rodata", 0, Bytes(8));
  object_.add_symbol(
      {.name = "kallsyms_offsets", .type = STT_NOTYPE, .section = id, .size = 0});
  refer(id, {4, R_X86_64_PC32, callee_, 0});
  calls("first");
  const Callers found = callers();
  EXPECT_EQ(found.obstacle, "");
  EXPECT_EQ(found.functions.size(), 1u);
}

TEST_F(OutsideCallers, InInitCodeMatterInModulesOnly) {
  calls("setup", ".init.text");
  EXPECT_EQ(callers().obstacle, "");
  EXPECT_TRUE(callers().functions.empty());
  EXPECT_THAT(callers("mod").obstacle, HasSubstr(".init.text"));
  EXPECT_EQ(callers("mod", true).obstacle, "");
}

TEST_F(OutsideCallers, InReplacementsOfInstructionsCannotBePatched) {
  calls("replacement", ".altinstr_replacement");
  EXPECT_THAT(callers().obstacle, HasSubstr(".altinstr_replacement calls it"));
}

TEST_F(OutsideCallers, OfAnObjectAreTheFunctionsWhoseCodeRefersToIt) {
  calls("first");
  calls("second", ".text.two");
  object_.add_symbol({.name = "alone",
                      .type = STT_FUNC,
                      .section = section(".text.three", SHF_EXECINSTR, {0xc3}),
                      .size = 1});
  EXPECT_EQ(users_in(object_, "callee"), (std::set<std::string>{"first", "second"}));
}

TEST_F(OutsideCallers, OfAnObjectFileAreFoundWhereItNamesTheFunction) {
  calls("first");
  const TempDir root("kpatch-test-");
  const std::filesystem::path file = root.path() / "unit.o";
  write_file(file, elf::write_object(object_));
  EXPECT_EQ(users_in(file, "callee"), std::set<std::string>{"first"});
  EXPECT_TRUE(users_in(file, "calle").empty());
  EXPECT_TRUE(may_name(read_bytes(file), "allee")) << "strings share their ends";
  EXPECT_FALSE(may_name(read_bytes(file), "calle"));
}

} // namespace
} // namespace kpatch::produce
