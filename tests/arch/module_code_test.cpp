// SPDX-License-Identifier: GPL-2.0-or-later
// What processors say of code that goes into a module: how it takes addresses, and what
// it reaches from there.
#include "arch/arch.h"
#include "arch/toc.h"
#include "base/endian.h"

#include <gtest/gtest.h>

namespace kpatch::arch {
namespace {

using Words = std::vector<std::string>;

constexpr elf::SymbolId kIt = 1, kOther = 2;

/// Code with relocations that refer to symbol kIt.
elf::Section code_with(Bytes code, std::vector<elf::Relocation> relocations) {
  return {.name = ".text.f",
          .flags = SHF_ALLOC | SHF_EXECINSTR,
          .data = std::move(code),
          .relocations = std::move(relocations)};
}

/// Which of the relocations take an address.
std::vector<bool> takers(const char* processor, const elf::Section& code) {
  std::vector<bool> answers;
  for (const elf::Relocation& relocation : code.relocations)
    answers.push_back(find_arch(processor)->takes_address(code, relocation));
  return answers;
}

Bytes little(const std::vector<std::uint32_t>& words) {
  Bytes code(4 * words.size());
  for (std::size_t i = 0; i < words.size(); ++i)
    store(code, 4 * i, words[i], std::endian::little);
  return code;
}

TEST(TakesAddress, OnX8664UnlessTheMemoryThereIsUsed) {
  const Bytes push = {0x53}; // what comes before makes no difference
  const auto takes = [&](const Bytes& before, const Bytes& after = {}) -> bool {
    Bytes code = push;
    code.insert(code.end(), before.begin(), before.end());
    const std::uint64_t field = code.size();
    code.resize(field + 4);
    code.insert(code.end(), after.begin(), after.end());
    return takers("x86_64", code_with(code, {{field, R_X86_64_32S, kIt, 0}})).at(0);
  };
  EXPECT_TRUE(takes({0x48, 0xc7, 0xc7}));                   // mov $it, %rdi
  EXPECT_TRUE(takes({0x48, 0xc7, 0x44, 0x24, 0xa5}));       // movq $it, -91(%rsp)
  EXPECT_TRUE(takes({0x48, 0x8d, 0x14, 0xc5}));             // lea it(,%rax,8), %rdx
  EXPECT_TRUE(takes({0x48, 0x05}));                         // add $it, %rax
  EXPECT_FALSE(takes({0x48, 0x8b, 0x14, 0xc5}));            // mov it(,%rax,8), %rdx
  EXPECT_FALSE(takes({0x80, 0xb8}, {0x00}));                // cmpb $0, it(%rax)
  EXPECT_FALSE(takes({0xc7, 0x04, 0x85}, {0x01, 0, 0, 0})); // movl $1, it(,%rax,4)
}

TEST(TakesAddress, OnS390ByTheInstruction) {
  const Bytes larl = {0xc0, 0x30, 0, 0, 0, 0}, brasl = {0xc0, 0xe5, 0, 0, 0, 0},
              lgrl = {0xc4, 0x18, 0, 0, 0, 0}, brcl = {0xc0, 0xf4, 0, 0, 0, 0};
  const auto takes = [](const Bytes& code, std::uint32_t type) -> bool {
    return takers("s390x", code_with(code, {{2, type, kIt, 2}})).at(0);
  };
  EXPECT_TRUE(takes(larl, R_390_PLT32DBL));
  EXPECT_TRUE(takes(larl, R_390_PC32DBL));
  EXPECT_TRUE(takes(lgrl, R_390_GOTENT));
  EXPECT_FALSE(takes(brasl, R_390_PLT32DBL));
  EXPECT_FALSE(takes(brcl, R_390_PLT32DBL));
  EXPECT_FALSE(takes(lgrl, R_390_PC32DBL)); // what is there
  EXPECT_FALSE(takers("s390x", code_with(larl, {{1, R_390_PC32DBL, kIt, 2}})).at(0));
  EXPECT_FALSE(takers("s390x", code_with(larl, {{9, R_390_PC32DBL, kIt, 2}})).at(0));
}

TEST(TakesAddress, OnAarch64ByWhatCompletesIt) {
  const auto takes = [](const std::vector<elf::Relocation>& relocations) {
    return takers("aarch64", code_with(Bytes(16), relocations));
  };
  const elf::Relocation page{0, R_AARCH64_ADR_PREL_PG_HI21, kIt, 0};
  const elf::Relocation add{4, R_AARCH64_ADD_ABS_LO12_NC, kIt, 0};
  const elf::Relocation load{8, R_AARCH64_LDST64_ABS_LO12_NC, kIt, 8};
  using Answers = std::vector<bool>;
  EXPECT_EQ(takes({page, add}), (Answers{true, true}));
  EXPECT_EQ(takes({page, load}), (Answers{false, false}));
  EXPECT_EQ(takes({page, load, add}), (Answers{true, false, true}));
  EXPECT_EQ(takes({page}), Answers{true});
  elf::Relocation of_other = add;
  of_other.symbol = kOther;
  EXPECT_EQ(takes({page, load, of_other}), (Answers{false, false, true}));
  EXPECT_EQ(takes({{0, R_AARCH64_CALL26, kIt, 0}, {4, R_AARCH64_ADR_PREL_LO21, kIt, 0}}),
            (Answers{false, true}));
}

TEST(TakesAddress, OnLoongarchByWhatCompletesIt) {
  constexpr std::uint32_t kHigh = 71, kLow = 72, kBranch = 66;
  const auto takes = [&](std::uint32_t second) {
    return takers(
        "loongarch64",
        code_with(little({0x1a000005, second, 0x54000000}),
                  {{0, kHigh, kIt, 0}, {4, kLow, kIt, 0}, {8, kBranch, kIt, 0}}));
  };
  EXPECT_EQ(takes(0x02c000a5), (std::vector<bool>{true, true, false}));   // addi.d
  EXPECT_EQ(takes(0x28c000a5), (std::vector<bool>{false, false, false})); // ld.d
}

TEST(TakesAddress, OnPpc64BySlotOrSum) {
  const elf::Section code =
      code_with(little({0x3d220000, 0xe9290000, 0x38840000, 0x812a0000, 0x48000001}),
                {{0, R_PPC64_TOC16_HA, kIt, 0},
                 {4, R_PPC64_TOC16_LO_DS, kIt, 0},
                 {8, R_PPC64_TOC16_LO, kIt, 0},  // addi
                 {12, R_PPC64_TOC16_LO, kIt, 0}, // lwz
                 {16, R_PPC64_REL24, kIt, 0}});
  EXPECT_EQ(takers("ppc64le", code), (std::vector<bool>{true, true, true, false, false}));
}

TEST(Toc, SlotsAreToldFromThingsBesideThem) {
  elf::Object object;
  object.header.machine = EM_PPC64;
  const elf::SectionId toc = object.add_section(
      {.name = ".toc", .flags = SHF_ALLOC, .data = Bytes(16), .has_relocations = true});
  const elf::SectionId bss = object.add_section({.name = ".bss.counter"});
  const elf::SymbolId slots = object.section_symbol(toc);
  const elf::SymbolId counter = object.section_symbol(bss);
  object.sections[toc].relocations = {{8, R_PPC64_ADDR64, counter, 0}};
  const Arch& ppc64 = arch_for(object);
  const TocFillers fillers(object);

  const elf::Relocation direct{0, R_PPC64_TOC16_HA, counter, 8};
  EXPECT_FALSE(leads_to_toc_slot(ppc64, object, direct));
  EXPECT_EQ(fillers.behind(ppc64, object, direct), &direct);
  const elf::Relocation filled{0, R_PPC64_TOC16_HA, slots, 8};
  EXPECT_TRUE(leads_to_toc_slot(ppc64, object, filled));
  EXPECT_EQ(fillers.behind(ppc64, object, filled), &object.sections[toc].relocations[0]);
  const elf::Relocation constant{0, R_PPC64_TOC16_LO_DS, slots, 0};
  EXPECT_TRUE(leads_to_toc_slot(ppc64, object, constant));
  EXPECT_EQ(fillers.behind(ppc64, object, constant), nullptr);
}

TEST(PatchOptions, MakeTheKernelsDataReachable) {
  const auto options = [](const char* processor, const Words& words) {
    return find_arch(processor)->patch_options(words);
  };
  EXPECT_EQ(options("ppc64le", {"gcc", "-mcmodel=medium"}), Words{"-mcmodel=large"});
  EXPECT_EQ(options("ppc64le", {"gcc", "-mpcrel"}), Words());
  const std::string by_table = "-mno-pic-data-is-text-relative";
  EXPECT_EQ(options("s390x", {"gcc", "-fPIE"}), Words{by_table});
  EXPECT_EQ(options("s390x", {"gcc", "-fPIE", "-fno-PIE"}), (Words{"-fPIE", by_table}));
  EXPECT_EQ(options("s390x", {"gcc"}), (Words{"-fPIE", by_table}));
  for (const char* processor : {"x86_64", "aarch64", "loongarch64"})
    EXPECT_EQ(options(processor, {"gcc"}), Words()) << processor;
}

TEST(Reach, OfRelocationsDependsOnWhereModulesLie) {
  const auto reaches = [](const char* processor, std::uint32_t type,
                          const Bytes& code = Bytes(8), std::uint64_t offset = 2) {
    const elf::Section section = code_with(code, {{offset, type, kIt, 0}});
    return find_arch(processor)->reaches_outside(section, section.relocations[0]);
  };
  EXPECT_TRUE(reaches("aarch64", R_AARCH64_ADR_PREL_PG_HI21));
  EXPECT_TRUE(reaches("aarch64", R_AARCH64_CALL26));
  EXPECT_FALSE(reaches("aarch64", R_AARCH64_ADR_PREL_LO21));
  EXPECT_TRUE(reaches("s390x", R_390_GOTENT));
  EXPECT_TRUE(reaches("s390x", R_390_PLT32DBL, {0xc0, 0xe5, 0, 0, 0, 0}));
  EXPECT_FALSE(reaches("s390x", R_390_PLT32DBL, {0xc0, 0x30, 0, 0, 0, 0}));
  EXPECT_FALSE(reaches("s390x", R_390_PC32DBL, {0xc4, 0x18, 0, 0, 0, 0}));
  EXPECT_TRUE(reaches("ppc64le", R_PPC64_ADDR64));
  EXPECT_TRUE(reaches("ppc64le", R_PPC64_REL24));
  for (const std::uint32_t type :
       {R_PPC64_TOC16_HA, R_PPC64_TOC16_LO, R_PPC64_TOC16_LO_DS, R_PPC64_TOC16})
    EXPECT_FALSE(reaches("ppc64le", type)) << type;
  EXPECT_FALSE(reaches("loongarch64", 71));
  EXPECT_TRUE(reaches("loongarch64", 75));
}

TEST(Calls, OfPpc64ComeBackToWhatRestoresTheToc) {
  const auto comes_back = [](std::uint32_t call, std::uint32_t next, const char* callee) {
    const elf::Section section =
        code_with(little({call, next}), {{0, R_PPC64_REL24, kIt, 0}});
    return find_arch("ppc64le")->comes_back(section, section.relocations[0], callee);
  };
  constexpr std::uint32_t kCall = 0x48000001, kJump = 0x48000000, kNop = 0x60000000;
  EXPECT_TRUE(comes_back(kCall, kNop, "f"));
  EXPECT_TRUE(comes_back(kCall, 0xe8410018, "f")); // ld r2,24(r1)
  EXPECT_FALSE(comes_back(kCall, 0x2c030000, "f"));
  EXPECT_FALSE(comes_back(kJump, kNop, "f"));
  EXPECT_TRUE(comes_back(kCall, 0x2c030000, "_mcount"));
}

} // namespace
} // namespace kpatch::arch
