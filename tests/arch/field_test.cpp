// SPDX-License-Identifier: GPL-2.0-or-later
//
// The instructions are those that the processors' assemblers made of the text beside
// them.
#include "arch/arch.h"
#include "base/endian.h"

#include <gtest/gtest.h>

#include <elf.h>

namespace kpatch::arch {
namespace {

constexpr std::uint64_t kPlace = 0xffff800080010ffc; ///< the last word of its page

constexpr std::uint64_t kToc = 0xffff800080018000;

struct Case {
  const char* text;
  std::uint16_t machine;
  std::uint32_t type;
  std::uint32_t empty;  ///< the instruction with nothing in its field
  std::uint32_t filled; ///< with the address below
  std::uint64_t address;
};

constexpr Case kCases[] = {
    {"bl .+8", EM_AARCH64, R_AARCH64_CALL26, 0x94000000, 0x94000002, kPlace + 8},
    {"bl .-8", EM_AARCH64, R_AARCH64_CALL26, 0x94000000, 0x97fffffe, kPlace - 8},
    {"b.eq .-4", EM_AARCH64, R_AARCH64_CONDBR19, 0x54000000, 0x54ffffe0, kPlace - 4},
    {"tbz x1, #0, .+16", EM_AARCH64, R_AARCH64_TSTBR14, 0x36000001, 0x36000081,
     kPlace + 16},
    {"adr x3, .+5", EM_AARCH64, R_AARCH64_ADR_PREL_LO21, 0x10000003, 0x30000023,
     kPlace + 5},
    {"adrp x0, the next page", EM_AARCH64, R_AARCH64_ADR_PREL_PG_HI21, 0x90000000,
     0xb0000000, 0xffff800080011000},
    {"adrp x0, the page before", EM_AARCH64, R_AARCH64_ADR_PREL_PG_HI21, 0x90000000,
     0xf0ffffe0, 0xffff80008000f000},
    {"add x0, x0, #0xabc", EM_AARCH64, R_AARCH64_ADD_ABS_LO12_NC, 0x91000000, 0x912af000,
     0xabc},
    {"ldr x1, [x0, #0xab8]", EM_AARCH64, R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400001,
     0xf9455c01, 0xab8},
    {"ldrh w1, [x0, #6]", EM_AARCH64, R_AARCH64_LDST16_ABS_LO12_NC, 0x79400001,
     0x79400c01, 6},
};

TEST(Field, HoldsPartOfAnInstruction) {
  for (const Case& row : kCases) {
    SCOPED_TRACE(row.text);
    const auto field = arch_for(row.machine, "test").field(row.type);
    ASSERT_TRUE(field);
    Bytes code(4);
    store(code, 0, row.filled, std::endian::little);
    EXPECT_EQ(read_field(code, 0, *field, std::endian::little) +
                  base_of(*field, kPlace, kToc),
              row.address);
    EXPECT_EQ(row.filled & ~open_bits(*field), row.empty);
    store(code, 0, row.empty, std::endian::little);
    write_field(code, 0, *field, row.address - base_of(*field, kPlace, kToc),
                std::endian::little);
    EXPECT_EQ(load<std::uint32_t>(code, 0, std::endian::little), row.filled);
  }
}

TEST(Field, HasHalfTheDistance) { // s390x: larl %r2,.-2
  const auto field = arch_for(EM_S390, "test").field(R_390_PC32DBL);
  ASSERT_TRUE(field);
  Bytes code = {0xc0, 0x20, 0xff, 0xff, 0xff, 0xff};
  EXPECT_EQ(read_field(code, 2, *field, std::endian::big), std::uint64_t{0} - 2);
  write_field(code, 2, *field, 0x10, std::endian::big);
  EXPECT_EQ(code, (Bytes{0xc0, 0x20, 0, 0, 0, 8}));
}

TEST(Field, OpensItsBitsInTheOrderOfTheObject) {
  const auto field = arch_for(EM_AARCH64, "test").field(R_AARCH64_ADD_ABS_LO12_NC);
  EXPECT_EQ(open_bytes(*field, std::endian::little), (Bytes{0, 0xfc, 0x3f, 0}));
  EXPECT_EQ(open_bytes(*field, std::endian::big), (Bytes{0, 0x3f, 0xfc, 0}));
}

TEST(Field, IsExtendedByItsSignAlone) {
  const Bytes bytes(8, 0xff);
  EXPECT_EQ(read_field(bytes, 0, Field{.size = 4}, std::endian::little),
            ~std::uint64_t{0});
  EXPECT_EQ(
      read_field(bytes, 0, Field{.size = 4, .is_signed = false}, std::endian::little),
      0xffffffff);
}

} // namespace
} // namespace kpatch::arch
