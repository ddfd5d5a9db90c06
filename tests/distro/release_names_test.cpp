// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "distro/debian_archive.h"
#include "distro/debian_names.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::distro {
namespace {

using Words = std::vector<std::string>;

TEST(KernelRelease, MayOnlyHoldHarmlessCharacters) {
  EXPECT_NO_THROW(check_release("6.1.0-56-cloud-amd64"));
  EXPECT_NO_THROW(check_release("6.12.117+deb12-cloud-amd64"));
  for (const char* text : {"", "../6.1", "6.1/..", "-o", "6.1 amd64", "6.1=2"})
    EXPECT_THROW(check_release(text), Error) << text;
}

TEST(KernelRelease, NamesItsMachine) {
  EXPECT_EQ(machine_of_release("6.1.0-56-cloud-amd64"), "x86_64");
  EXPECT_EQ(machine_of_release("6.1.0-56-arm64"), "aarch64");
  EXPECT_EQ(machine_of_release("6.1.0-56-powerpc64le"), "ppc64le");
  EXPECT_EQ(machine_of_release("6.1.0-56-s390x"), "s390x");
  EXPECT_THROW(machine_of_release("6.1.0-generic"), Error);
}

std::string answer_about(const std::string& release) {
  try {
    machine_of_release(release);
  } catch (const std::exception& error) {
    return std::string(error.what()) + "\n" + remedy_of(error);
  }
  return "";
}

TEST(KernelRelease, OfAnotherOriginHasAnAnswerOfItsOwn) {
  for (const auto& [release, whose] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"6.9.1-arch1-1", "Arch Linux"},
           {"6.4.0-150600.23-default", "SUSE"},
           {"5.15.153.1-microsoft-standard-WSL2", "WSL"},
           {"6.6.31+rpt-rpi-v8", "Raspberry Pi OS"},
           {"6.18.44-mine", "if you built it yourself"}}) {
    EXPECT_NE(answer_about(release).find(whose), std::string::npos) << release;
    EXPECT_NE(answer_about(release).find("kpatch-build -s TREE"), std::string::npos);
  }
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
} // namespace kpatch::distro
