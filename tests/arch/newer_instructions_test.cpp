// SPDX-License-Identifier: GPL-2.0-or-later
// Instructions that are younger than the decoder, each encoded by binutils 2.44 or as the
// kernel writes it (arch/x86/include/asm: msr.h, gsseg.h, fred.h, bug.h).
#include "arch/arch.h"

#include <gtest/gtest.h>

namespace kpatch::arch {
namespace {

struct Newer {
  const char* text;
  Bytes code;
};

class NewerInstructions : public ::testing::TestWithParam<Newer> {};

TEST_P(NewerInstructions, EndWhereTheirEncodingSays) {
  constexpr std::uint8_t kCall = 0xe8, kBreak = 0xcc;
  elf::Section section{.name = ".altinstr_replacement",
                       .data = {kCall, 0, 0, 0, 0},
                       .has_relocations = true};
  const std::uint64_t begin = section.data.size();
  const Bytes& code = GetParam().code;
  section.data.insert(section.data.end(), code.begin(), code.end());
  section.data.push_back(kBreak);
  const Arch& x86_64 = *find_arch("x86_64");
  EXPECT_EQ(instruction_ends(x86_64, section),
            (InstructionEnds{begin, begin + code.size(), begin + code.size() + 1}));
  EXPECT_TRUE(x86_64.own_reference(section, begin).is_known);
  EXPECT_FALSE(x86_64.own_reference(section, begin).reference);
  for (std::size_t size = 1; size < code.size(); ++size)
    EXPECT_EQ(x86_64.instruction_length(std::span(code).first(size)), 0U) << size;
}

INSTANTIATE_TEST_SUITE_P(
    All, NewerInstructions,
    ::testing::Values(
        Newer{"wrmsrns", {0x0f, 0x01, 0xc6}},
        Newer{"lkgs %edi", {0xf2, 0x0f, 0x00, 0xf7}},
        Newer{"erets", {0xf2, 0x0f, 0x01, 0xca}}, Newer{"udb", {0xd6}},
        Newer{"urdmsr %rax, %rax", {0xf2, 0x0f, 0x38, 0xf8, 0xc0}},
        Newer{"wrmsrns %rax, $1", {0xc4, 0xe7, 0x7a, 0xf6, 0xc0, 1, 0, 0, 0}},
        Newer{"vsha512rnds2 %xmm1, %ymm2, %ymm3", {0xc4, 0xe2, 0x6f, 0xcb, 0xd9}}));

TEST(NewerInstructions, AreNotEverythingThatNobodyKnows) {
  // Not of 64-bit code: push %es; daa; les.
  for (const Bytes& code :
       {Bytes{0x06, 0, 0, 0}, Bytes{0x27, 0, 0, 0}, Bytes{0x0f, 0xff}})
    EXPECT_EQ(find_arch("x86_64")->instruction_length(code), 0U);
}

} // namespace
} // namespace kpatch::arch
