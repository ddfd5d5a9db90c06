// SPDX-License-Identifier: GPL-2.0-or-later
// Modules of processors other than x86-64: what is found in them, and what is not.
#include "base/endian.h"
#include "verify/module_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kpatch::verify {
namespace {

constexpr std::uint16_t kLivepatchSymbol = 0xff20; // SHN_LIVEPATCH

/// A module of one function that refers to something of the kernel.
class FarModule : public ::testing::Test {
 protected:
  void start(std::uint16_t machine, Bytes code) {
    module_ = {};
    module_.label = "livepatch-x.ko";
    module_.header.machine = machine;
    module_.header.order = machine == EM_S390 ? std::endian::big : std::endian::little;
    text_ = module_.add_section({.name = ".text.f",
                                 .flags = SHF_ALLOC | SHF_EXECINSTR,
                                 .data = std::move(code),
                                 .has_relocations = true});
  }

  void refer_late(std::uint64_t offset, std::uint32_t type) {
    const elf::SymbolId symbol = module_.add_symbol({.name = ".klp.sym.vmlinux.lock,1",
                                                     .binding = STB_GLOBAL,
                                                     .reserved_index = kLivepatchSymbol});
    module_.livepatch.push_back({.name = ".klp.rela.vmlinux..text.f",
                                 .target = text_,
                                 .relocations = {{offset, type, symbol, 0}}});
  }

  void refer(std::uint64_t offset, std::uint32_t type, const char* name,
             std::uint8_t binding = STB_GLOBAL) {
    const elf::SymbolId symbol = module_.add_symbol({.name = name, .binding = binding});
    module_.sections[text_].relocations.push_back({offset, type, symbol, 0});
  }

  std::vector<std::string> codes() const {
    std::vector<std::string> result;
    for (const Problem& problem : check_module_alone(module_))
      result.push_back(problem.code);
    return result;
  }

  elf::Object module_;
  elf::SectionId text_ = elf::kNoSection;
};

using Codes = std::vector<std::string>;

TEST_F(FarModule, ReachesDataOfTheKernelThroughATable) {
  start(EM_PPC64, Bytes(8));
  refer_late(0, R_PPC64_TOC16_HA);
  EXPECT_EQ(codes(), Codes{"KP5015"});
  start(EM_PPC64, Bytes(8));
  refer(0, R_PPC64_TOC16_LO_DS, "jiffies");
  EXPECT_EQ(codes(), Codes{"KP5015"});
  start(EM_PPC64, Bytes(8));
  refer_late(0, R_PPC64_ADDR64);
  EXPECT_EQ(codes(), Codes());

  start(EM_S390, {0xc4, 0x18, 0, 0, 0, 0});
  refer_late(2, R_390_PC32DBL);
  EXPECT_EQ(codes(), Codes{"KP5015"});
  start(EM_S390, {0xc4, 0x18, 0, 0, 0, 0});
  refer_late(2, R_390_GOTENT);
  EXPECT_EQ(codes(), Codes());
}

/// Kernels that have modules within reach export it, others link it into each module.
TEST_F(FarModule, JumpsToTheThunkThatCompilersName) {
  start(EM_S390, {0xc0, 0xf4, 0, 0, 0, 0});
  refer(2, R_390_PC32DBL, "__s390_indirect_jump_r14");
  EXPECT_EQ(codes(), Codes());
}

TEST_F(FarModule, MayReferToWhatIsItsOwnOrNotThere) {
  start(EM_PPC64, Bytes(8));
  refer(0, R_PPC64_TOC16_HA, "perhaps", STB_WEAK);
  const elf::SymbolId own = module_.section_symbol(text_);
  module_.sections[text_].relocations.push_back({4, R_PPC64_TOC16_HA, own, 0});
  EXPECT_EQ(codes(), Codes());
}

TEST_F(FarModule, RestoresTheTocBehindCalls) {
  const auto call = [&](std::uint32_t next) {
    Bytes code(8);
    store(code, 0, std::uint32_t{0x48000001}, std::endian::little);
    store(code, 4, next, std::endian::little);
    start(EM_PPC64, code);
  };
  constexpr std::uint32_t kNop = 0x60000000, kCompare = 0x2c030000;
  call(kCompare);
  refer_late(0, R_PPC64_REL24);
  EXPECT_EQ(codes(), Codes{"KP5016"});
  call(kCompare);
  refer(0, R_PPC64_REL24, "seq_puts");
  EXPECT_EQ(codes(), Codes{"KP5016"});
  call(kNop);
  refer_late(0, R_PPC64_REL24);
  EXPECT_EQ(codes(), Codes());
  call(kCompare);
  refer(0, R_PPC64_REL24, "_mcount");
  EXPECT_EQ(codes(), Codes());
}

/// Only the loader of x86 asks for them.
TEST_F(FarModule, IsNotAskedForEmptyFields) {
  const std::pair<std::uint16_t, std::uint32_t> kTypes[] = {
      {std::uint16_t{EM_S390}, R_390_64}, {std::uint16_t{EM_AARCH64}, R_AARCH64_ABS64}};
  for (const auto& [machine, type] : kTypes) {
    start(machine, Bytes(32, 0x10));
    refer(4, type, "jiffies");
    refer_late(16, type);
    const auto found = check_module(module_, {.release = "6.1"});
    EXPECT_TRUE(std::ranges::none_of(found, [](const Problem& problem) {
      return problem.code == "KP5001" &&
             problem.message.find("field") != std::string::npos;
    })) << machine;
  }
}

/// struct exception_table_entry of s390 has a type of 16 bits and data behind it.
TEST_F(FarModule, HasExceptionsOfTypesThatTheKernelKnows) {
  const auto row = [](std::uint8_t type, std::uint8_t data) {
    return Bytes{0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xfe, 0xfc, 0, type, 0, data};
  };
  const auto is_known = [&](std::uint8_t type, std::uint8_t data) {
    const image::Image kernel(
        "vmlinux", std::endian::big,
        {{.name = ".text",
          .address = 0x100,
          .size = 64,
          .flags = SHF_ALLOC | SHF_EXECINSTR},
         {.name = "__ex_table", .address = 0x200, .size = 12, .data = row(1, 0)}},
        {});
    start(EM_S390, Bytes(16));
    const elf::SymbolId own = module_.section_symbol(text_);
    module_.add_section(
        {.name = "__ex_table",
         .flags = SHF_ALLOC,
         .data = row(type, data),
         .has_relocations = true,
         .relocations = {{0, R_390_PC32, own, 0}, {4, R_390_PC32, own, 8}}});
    const auto found = check_module(
        module_, {.release = "6.1", .image = [&](std::string_view) { return &kernel; }});
    return std::ranges::none_of(
        found, [](const Problem& problem) { return problem.code == "KP5011"; });
  };
  EXPECT_TRUE(is_known(1, 5));
  EXPECT_FALSE(is_known(2, 0));
}

} // namespace
} // namespace kpatch::verify
