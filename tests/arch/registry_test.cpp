// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/arch.h"
#include "base/error.h"

#include <gtest/gtest.h>

#include <elf.h>
#include <gmock/gmock.h>
#include <set>

namespace kpatch::arch {
namespace {

TEST(Registry, KnowsEachProcessorByNumberNameAndBit) {
  std::uint32_t bits = 0;
  std::set<std::string_view> debian_names;
  for (const Arch* arch : all_archs()) {
    EXPECT_EQ(find_arch(arch->name()), arch);
    EXPECT_EQ(bits & arch->bit(), 0U) << arch->name();
    EXPECT_TRUE(debian_names.insert(arch->debian_name()).second) << arch->name();
    bits |= arch->bit();
  }
  EXPECT_EQ(bits, kAllArchs);
  EXPECT_EQ(arch_for(EM_X86_64, "x").name(), "x86_64");
  EXPECT_EQ(arch_for(EM_PPC64, "x").name(), "ppc64le");
  EXPECT_EQ(arch_for(EM_S390, "x").name(), "s390x");
  EXPECT_EQ(arch_for(EM_AARCH64, "x").name(), "aarch64");
  EXPECT_EQ(arch_for(258, "x").name(), "loongarch64");
}

TEST(Registry, NamesWhatIsSupportedToWhoHasSomethingElse) {
  try {
    arch_for(EM_386, "x.o");
    FAIL() << "a processor of 32 bits";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::StartsWith("x.o: Unsupported target architecture"));
    for (const Arch* arch : all_archs())
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string(arch->name())));
  }
}

TEST(VirtualMachines, SayAllThatARehearsalNeeds) {
  ASSERT_TRUE(find_arch("x86_64")->virtual_machine());
  for (const Arch* arch : all_archs())
    if (const auto machine = arch->virtual_machine()) {
      EXPECT_FALSE(machine->program.empty()) << arch->name();
      EXPECT_FALSE(machine->package.empty()) << arch->name();
      EXPECT_THAT(machine->ports, testing::HasSubstr("console")) << arch->name();
      EXPECT_THAT(machine->ports, testing::HasSubstr("report")) << arch->name();
      EXPECT_FALSE(machine->console.empty()) << arch->name();
      EXPECT_FALSE(machine->report.empty()) << arch->name();
    }
}

} // namespace
} // namespace kpatch::arch
