// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/module_name.h"
#include "kernel/compiler.h"
#include "kernel/config.h"
#include "kernel/facts.h"
#include "kernel/kbuild.h"
#include "kernel/units.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kpatch::kernel {
namespace {

using Words = std::vector<std::string>;

TEST(Config, TellsWhatIsSetAndItsValue) {
  const Config config =
      Config::parse("#\n# Linux/x86 6.1.192 Kernel Configuration\n#\n"
                    "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian) 12.2.0\"\n"
                    "CONFIG_LIVEPATCH=y\n"
                    "CONFIG_IP_VS=m\n"
                    "CONFIG_NR_CPUS=512\n"
                    "# CONFIG_X86_KERNEL_IBT is not set\n",
                    "test");
  EXPECT_TRUE(config.is_set("CONFIG_LIVEPATCH"));
  EXPECT_TRUE(config.is_set("CONFIG_IP_VS"));
  EXPECT_FALSE(config.is_set("CONFIG_X86_KERNEL_IBT"));
  EXPECT_FALSE(config.is_set("CONFIG_NR_CPUS"));
  EXPECT_EQ(config.value("CONFIG_NR_CPUS"), "512");
  EXPECT_EQ(config.value("CONFIG_CC_VERSION_TEXT"), "gcc-12 (Debian) 12.2.0");
  EXPECT_EQ(config.value("CONFIG_X86_KERNEL_IBT"), std::nullopt);
}

TEST(Config, ReadsEscapesInStrings) {
  const Config config = Config::parse("CONFIG_CMDLINE=\"a=\\\"b\\\" \\\\\"\n", "test");
  EXPECT_EQ(config.value("CONFIG_CMDLINE"), "a=\"b\" \\");
}

TEST(Config, RefusesOtherTextsNamingTheLine) {
  try {
    Config::parse("CONFIG_A=y\nnonsense\n", "x/.config");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "x/.config:2: 'nonsense' is not a configuration line");
  }
}

TEST(Compiler, IsTheSameUnderAnotherName) {
  EXPECT_TRUE(same_compiler("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0",
                            "x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"));
  EXPECT_FALSE(same_compiler("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0",
                             "gcc-12 (Debian 12.2.0-14) 12.2.0"));
}

TEST(Compiler, ThatIsMissingIsNamedWithItsPackage) {
  try {
    compiler_version_text("gcc-98");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.remedy().find("apt-get install gcc-98"), std::string::npos);
  }
}

TEST(Compiler, HasThePackageThatItsNameSays) {
  EXPECT_EQ(package_of_compiler("gcc-12"), "gcc-12");
  EXPECT_EQ(package_of_compiler("s390x-linux-gnu-gcc"), "gcc-s390x-linux-gnu");
  EXPECT_EQ(package_of_compiler("x86_64-linux-gnu-gcc-11"), "gcc-11-x86-64-linux-gnu");
  EXPECT_EQ(package_of_compiler("clang"), "clang");
}

TEST(UnitIndex, KeepsSeveralOwnersOfOneUnit) {
  UnitIndex units;
  units.add("fs/shared.c", "b");
  units.add("fs/shared.c", "a");
  units.add("fs/shared.c", "b");
  units.add("fs/own.c", "a");
  const auto owners = units.owners("fs/shared.c");
  EXPECT_EQ(Words(owners.begin(), owners.end()), (Words{"a", "b"}));
  EXPECT_TRUE(units.owners("fs/none.c").empty());
  EXPECT_EQ(units.units_of("a"), (Words{"fs/own.c", "fs/shared.c"}));
  EXPECT_EQ(units.units_of("b"), Words{"fs/shared.c"});
}

TEST(UnitIndex, SurvivesBeingWrittenAndRead) {
  UnitIndex units;
  units.add("fs/proc/meminfo.c", kVmlinux);
  units.add("drivers/a.c", "one");
  units.add("drivers/a.c", "two");
  EXPECT_EQ(UnitIndex::parse(units.text(), "test").all(), units.all());
}

TEST(UnitIndex, RefusesALineWithoutOwner) {
  EXPECT_THROW(UnitIndex::parse("fs/proc/meminfo.c\n", "test"), Error);
  EXPECT_THROW(UnitIndex::parse("\tvmlinux\n", "test"), Error);
}

TEST(ModuleName, IsTheKernelsName) {
  EXPECT_EQ(module_name("net/ip-vs-rr.ko"), "ip_vs_rr");
  EXPECT_EQ(module_name("loop.ko.xz"), "loop");
}

TEST(StructSizes, SurviveBeingWrittenAndRead) {
  special::StructSizes sizes;
  sizes["alt_instr"] = 12;
  sizes["orc_entry"] = 6;
  EXPECT_EQ(parse_struct_sizes(struct_sizes_text(sizes), "test"), sizes);
}

TEST(StructSizes, RefuseWhatIsNoSize) {
  for (const char* text :
       {"alt_instr\n", "alt_instr x\n", "alt_instr 0\n", "alt_instr 12x\n"})
    EXPECT_THROW(parse_struct_sizes(text, "test"), Error) << text;
}

TEST(Kbuild, AsksTheMakefileOfTheModuleThatTakesAUnitFromElsewhere) {
  const std::vector<std::string> argv =
      kbuild_units_command("/src", "/obj", {"arch/x86/kvm", {"virt/kvm/eventfd.c"}},
                           HostTools::kAsPacked, UnitsGoal::kRecords);
  EXPECT_NE(std::ranges::find(argv, "directory=arch/x86/kvm"), argv.end());
  EXPECT_NE(std::ranges::find(argv, "units=arch/x86/kvm/../../../virt/kvm/eventfd.o"),
            argv.end());
  // The canary's place is asked for, and nothing that has to be made before.
  EXPECT_NE(std::ranges::find(argv, "prepare0"), argv.end());
}

} // namespace
} // namespace kpatch::kernel
