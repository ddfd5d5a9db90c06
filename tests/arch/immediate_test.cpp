// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers in instructions, each encoded by the processor's own assembler.
#include "arch/arch.h"

#include <gtest/gtest.h>

namespace kpatch::arch {
namespace {

struct Encoded {
  const char* arch;
  const char* text;
  Bytes code;
  std::optional<std::uint64_t> value;
};

class Immediates : public ::testing::TestWithParam<Encoded> {};

TEST_P(Immediates, AreFoundWhereTheyAre) {
  const Encoded& given = GetParam();
  const auto found = find_arch(given.arch)->immediate(given.code);
  ASSERT_EQ(found.has_value(), given.value.has_value()) << given.text;
  if (found) {
    EXPECT_EQ(found->value, *given.value) << given.text;
    EXPECT_EQ(found->rest.size(), given.code.size()) << given.text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Immediates,
    ::testing::Values(
        Encoded{"x86_64", "mov $1234,%edi", {0xbf, 0xd2, 0x04, 0, 0}, 1234},
        Encoded{"x86_64", "mov $1234,%r8d", {0x41, 0xb8, 0xd2, 0x04, 0, 0}, 1234},
        Encoded{
            "x86_64", "movl $1234,8(%rsp)", {0xc7, 0x44, 0x24, 8, 0xd2, 4, 0, 0}, 1234},
        Encoded{"x86_64", "push $1234", {0x68, 0xd2, 0x04, 0, 0}, 1234},
        Encoded{"x86_64", "add $1234,%eax", {0x05, 0xd2, 0x04, 0, 0}, std::nullopt},
        Encoded{
            "x86_64", "movabs $1234,%rax", {0x48, 0xb8, 0xd2, 4, 0, 0, 0, 0, 0, 0}, {}},
        Encoded{"aarch64", "mov w2,#1234", {0x42, 0x9a, 0x80, 0x52}, 1234},
        Encoded{"aarch64", "mov w2,#1234<<16", {0x42, 0x9a, 0xa0, 0x52}, std::nullopt},
        Encoded{"ppc64le", "li r5,1234", {0xd2, 0x04, 0xa0, 0x38}, 1234},
        Encoded{"ppc64le", "addi r5,r3,1234", {0xd2, 0x04, 0xa3, 0x38}, std::nullopt},
        Encoded{"ppc64le", "li r5,-1", {0xff, 0xff, 0xa0, 0x38}, std::nullopt},
        Encoded{"s390x", "lghi %r4,1234", {0xa7, 0x49, 0x04, 0xd2}, 1234},
        Encoded{"s390x", "lhi %r4,1234", {0xa7, 0x48, 0x04, 0xd2}, 1234},
        Encoded{"s390x", "aghi %r4,1234", {0xa7, 0x4b, 0x04, 0xd2}, std::nullopt},
        Encoded{"loongarch64", "ori $a1,$zero,1234", {0x05, 0x48, 0x93, 0x03}, 1234},
        Encoded{"loongarch64", "addi.w $a1,$zero,1234", {0x05, 0x48, 0x93, 0x02}, 1234}));

} // namespace
} // namespace kpatch::arch
