// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/registry.h"
#include "image/image.h"
#include "match/uses.h"

#include <gtest/gtest.h>

namespace kpatch::match {
namespace {

/// An image of one section of code and one of data, and what refers to `callee`.
class UsesTest : public testing::Test {
 protected:
  UsesTest() {
    object_.header.machine = EM_X86_64;
    text_ = object_.add_section(
        {.name = ".text", .flags = SHF_ALLOC | SHF_EXECINSTR, .alignment = 16});
    data_ = object_.add_section({.name = ".data", .flags = SHF_ALLOC | SHF_WRITE});
    callee_ = function("callee", {0xc3});
  }

  elf::SymbolId function(const std::string& name, const Bytes& code) {
    Bytes& data = object_.sections[text_].data;
    const std::uint64_t at = data.size();
    data.insert(data.end(), code.begin(), code.end());
    return object_.add_symbol({.name = name,
                               .type = STT_FUNC,
                               .section = text_,
                               .value = at,
                               .size = code.size()});
  }
  /// A function with a reference to the callee.
  void user(const std::string& name, const Bytes& code, std::uint64_t field,
            std::uint32_t type, std::int64_t addend) {
    const elf::SymbolId id = function(name, code);
    refer(text_, {object_.symbols[id].value + field, type, callee_, addend});
  }
  void refer(elf::SectionId section, const elf::Relocation& relocation) {
    object_.sections[section].has_relocations = true;
    object_.sections[section].relocations.push_back(relocation);
  }
  /// "user:branch" or "user:pointer" for each use.
  std::vector<std::string> uses() {
    const image::Image image = image::module_image(object_, "image");
    std::vector<std::string> result;
    for (const Use& use :
         uses_of(image, arch::arch_for(object_), {image.address_of("callee")}))
      result.push_back(image.nearest(use.place)->name +
                       (use.is_branch ? ":branch" : ":pointer"));
    return result;
  }

  elf::Object object_;
  elf::SectionId text_ = elf::kNoSection;
  elf::SectionId data_ = elf::kNoSection;
  elf::SymbolId callee_ = elf::kNoSymbol;
};

using Uses = std::vector<std::string>;

TEST_F(UsesTest, FindsCallsAndJumps) {
  user("calls", {0x90, 0xe8, 0, 0, 0, 0, 0xc3}, 2, R_X86_64_PLT32, -4);
  user("jumps", {0x90, 0xe9, 0, 0, 0, 0}, 2, R_X86_64_PLT32, -4);
  user("jumps_if", {0x85, 0xc0, 0x0f, 0x84, 0, 0, 0, 0, 0xc3}, 4, R_X86_64_PLT32, -4);
  function("other", {0xe8, 0, 0, 0, 0, 0xc3});
  EXPECT_EQ(uses(), (Uses{"calls:branch", "jumps:branch", "jumps_if:branch"}));
}

TEST_F(UsesTest, FindsPointersMadeByCode) {
  user("lea", {0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xc3}, 3, R_X86_64_PC32, -4);
  user("mov", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, 0xc3}, 3, R_X86_64_32S, 0);
  EXPECT_EQ(uses(), (Uses{"lea:pointer", "mov:pointer"}));
}

TEST_F(UsesTest, FindsPointersAndDistancesInData) {
  object_.sections[data_].data = Bytes(16);
  object_.add_symbol({.name = "table", .type = STT_OBJECT, .section = data_, .size = 16});
  refer(data_, {0, R_X86_64_64, callee_, 0});
  refer(data_, {8, R_X86_64_PC32, callee_, 0});
  EXPECT_EQ(uses(), (Uses{"table:pointer", "table:pointer"}));
}

TEST_F(UsesTest, IsNotMisledByPadding) {
  // nopw 0x0(%rax,%rax): four zeroes before the next function are no distance to it.
  const elf::SymbolId id =
      function("before", {0xc3, 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0xc3});
  object_.symbols[callee_].value = object_.symbols[id].value + 10;
  EXPECT_EQ(uses(), Uses{});
}

TEST_F(UsesTest, IsNotMisledByBytesOfTwoInstructions) {
  // mov $0x02030201, %eax; add %al, (%rax); add %al, %bl: "02 00 00 00" begins in the
  // first one, and is the distance to what follows the function.
  const elf::SymbolId id = function("straddles", {0xb8, 1, 2, 3, 2, 0, 0, 0, 0xc3, 0xc3});
  object_.sections[text_].data.push_back(0xc3);
  object_.symbols[callee_].value = object_.symbols[id].value + 10;
  EXPECT_EQ(uses(), Uses{});
}

} // namespace
} // namespace kpatch::match
