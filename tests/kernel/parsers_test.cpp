// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "kernel/compiler.h"
#include "kernel/config.h"
#include "kernel/debian_archive.h"
#include "kernel/debian_names.h"
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
  StructSizes sizes;
  sizes.alt = 12;
  sizes.orc = 6;
  const StructSizes read = parse_struct_sizes(struct_sizes_text(sizes), "test");
  EXPECT_EQ(read.alt, 12U);
  EXPECT_EQ(read.orc, 6U);
  EXPECT_EQ(read.bug, std::nullopt);
}

TEST(StructSizes, RefuseWhatIsNoSize) {
  for (const char* text :
       {"alt_instr\n", "alt_instr x\n", "alt_instr 0\n", "alt_instr 12x\n"})
    EXPECT_THROW(parse_struct_sizes(text, "test"), Error) << text;
}

TEST(KernelRelease, MayOnlyHoldHarmlessCharacters) {
  EXPECT_NO_THROW(check_release("6.1.0-56-cloud-amd64"));
  EXPECT_NO_THROW(check_release("6.12.117+deb12-cloud-amd64"));
  for (const char* text : {"", "../6.1", "6.1/..", "-o", "6.1 amd64", "6.1=2"})
    EXPECT_THROW(check_release(text), Error) << text;
}

TEST(KernelRelease, NamesItsMachine) {
  EXPECT_EQ(machine_of_release("6.1.0-56-cloud-amd64"), "x86_64");
  EXPECT_EQ(machine_of_release("6.1.0-56-arm64"), "aarch64");
  EXPECT_THROW(machine_of_release("6.1.0-generic"), Error);
}

TEST(KernelRelease, IsFoundAmongPackagesByFlavour) {
  const Words names = {"linux-image-6.1.0-56-cloud-amd64",
                       "linux-image-6.1.0-9-cloud-amd64",
                       "linux-image-6.1.0-56-cloud-amd64-dbg",
                       "linux-image-6.1.0-56-cloud-amd64-unsigned",
                       "linux-image-6.1.0-56-amd64",
                       "linux-image-6.1.0-56-rt-amd64",
                       "linux-image-6.12.117+deb12-cloud-amd64",
                       "linux-image-6.1-cloud-amd64",
                       "linux-image-cloud-amd64"};
  EXPECT_EQ(releases_of(names, "6.1", "cloud-amd64"),
            (Words{"6.1.0-56-cloud-amd64", "6.1.0-9-cloud-amd64"}));
  EXPECT_EQ(releases_of(names, "6.1", "amd64"), Words{"6.1.0-56-amd64"});
  EXPECT_EQ(releases_of(names, "6.12", "cloud-amd64"),
            Words{"6.12.117+deb12-cloud-amd64"});
}

TEST(PackageVersion, NamesItsSeries) {
  EXPECT_EQ(kernel_series("6.1.192-2"), "6.1");
  EXPECT_EQ(kernel_series("6.12.117-1~bpo12+1"), "6.12");
  EXPECT_THROW(kernel_series("6"), Error);
  EXPECT_THROW(kernel_series("6."), Error);
}

TEST(PackageVersion, IsReadFromARunningDebianKernel) {
  EXPECT_EQ(
      running_debian_version("#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)"),
      "6.1.192-2");
  EXPECT_EQ(running_debian_version("#1 SMP Fri Nov 22 2026"), "");
}

TEST(ControlData, IsReadByParagraph) {
  const auto packages =
      parse_control("Package: a\nVersion: 1\nDescription: first\n more\n"
                    " Version: 9\n\nPackage: b\nVersion: 2\n\n");
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(packages[0].at("Version"), "1");
  EXPECT_EQ(packages[0].at("Description"), "first");
  EXPECT_EQ(packages[1].at("Package"), "b");
  EXPECT_TRUE(parse_control("").empty());
}

TEST(ControlData, OfASignedKernelNamesTheSourceItWasMadeOf) {
  const auto signed_kernel =
      parse_control("Package: linux-image-x\n"
                    "Source: linux-signed-amd64 (6.1.192+2)\n"
                    "Version: 6.1.192-2\n"
                    "Built-Using: other (= 1), linux (= 6.1.192-2)\n");
  EXPECT_EQ(kernel_source_version(signed_kernel.at(0)), "6.1.192-2");
}

TEST(ControlData, OfABackportedKernelNamesItsOwnSource) {
  const auto backport =
      parse_control("Package: linux-image-x\n"
                    "Source: linux-signed-6.12-amd64 (6.12.117+1~deb12u1)\n"
                    "Version: 6.12.117-1~deb12u1\n"
                    "Built-Using: linux-6.12 (= 6.12.117-1~deb12u1)\n");
  EXPECT_EQ(kernel_source_version(backport.at(0)), "6.12.117-1~deb12u1");
}

TEST(ControlData, OfAnUnsignedKernelNamesTheSourceItWasMadeOf) {
  const auto plain = parse_control("Package: a\nSource: linux\nVersion: 6.1.192-2\n");
  EXPECT_EQ(kernel_source_version(plain.at(0)), "6.1.192-2");
  const auto rebuilt =
      parse_control("Package: a\nSource: linux (6.1.192-2)\nVersion: 6.1.192-2+b1\n");
  EXPECT_EQ(kernel_source_version(rebuilt.at(0)), "6.1.192-2");
  const auto foreign = parse_control("Package: a\nSource: linux-signed\nVersion: 1\n");
  EXPECT_THROW(kernel_source_version(foreign.at(0)), Error);
}

TEST(ControlData, WithoutNameOrVersionIsRefused) {
  EXPECT_THROW(source_package(parse_control("Version: 1\n").at(0)), Error);
  EXPECT_THROW(source_package(parse_control("Package: a\nSource: linux\n").at(0)), Error);
}

TEST(ControlData, DependenciesAreFoundByPrefix) {
  const std::string depends =
      "linux-headers-6.1.0-56-common (= 6.1.192-2), "
      "linux-kbuild-6.1 (>= 6.1.192-2), linux-compiler-gcc-12-x86";
  EXPECT_EQ(dependency_with_prefix(depends, "linux-kbuild-"), "linux-kbuild-6.1");
  EXPECT_EQ(dependency_with_prefix(depends, "linux-source-"), "");
}

TEST(AptCache, MadisonOutputGivesVersionsOnce) {
  EXPECT_EQ(
      parse_madison(
          "linux-source-6.1 | 6.1.192-2 | http://deb.debian.org/debian-security "
          "bookworm-security/main amd64 Packages\n"
          "linux-source-6.1 | 6.1.192-2 | http://mirror bookworm/main amd64 Packages\n"
          "linux-source-6.1 | 6.1.176-1 | http://deb.debian.org/debian bookworm/main "
          "amd64 Packages\n"
          "     linux | 6.1.176-1 | http://deb.debian.org/debian bookworm/main "
          "Sources\n"),
      (Words{"6.1.192-2", "6.1.176-1"}));
  EXPECT_TRUE(parse_madison("").empty());
}

TEST(Kbuild, AsksTheMakefileOfTheModuleThatTakesAUnitFromElsewhere) {
  const std::vector<std::string> argv =
      kbuild_units_command("/src", "/obj", {"arch/x86/kvm", {"virt/kvm/eventfd.c"}},
                           HostTools::kAsPacked, UnitsGoal::kRecords);
  EXPECT_NE(std::ranges::find(argv, "directory=arch/x86/kvm"), argv.end());
  EXPECT_NE(std::ranges::find(argv, "units=arch/x86/kvm/../../../virt/kvm/eventfd.o"),
            argv.end());
}

TEST(AptCache, ALaterVersionIsTakenOnlyInPlaceOfOneThatIsGone) {
  EXPECT_EQ(wanted_or_later({"6.1.192-2", "6.1.176-1"}, "6.1.176-1"), "6.1.176-1");
  EXPECT_EQ(wanted_or_later({"6.1.192-2", "6.1.176-1"}, "6.1.99-1"), "6.1.192-2");
  EXPECT_EQ(wanted_or_later({"6.1.176-1"}, "6.1.190-1"), "6.1.190-1");
  EXPECT_EQ(wanted_or_later({}, "6.1.190-1"), "6.1.190-1");
}

TEST(IsLaterVersion, OrdersBackportsBeforeWhatTheyWereMadeFrom) {
  EXPECT_TRUE(is_later_version("6.12.57-1", "6.12.57-1~bpo12+1"));
  EXPECT_FALSE(is_later_version("6.12.57-1~bpo12+1", "6.12.57-1"));
  EXPECT_TRUE(is_later_version("6.1.176-1", "6.1.99-1"));
  EXPECT_FALSE(is_later_version("6.1.99-1", "6.1.99-1"));
}

} // namespace
} // namespace kpatch::kernel
