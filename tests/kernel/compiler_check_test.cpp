// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "kernel/compiler_check.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kpatch::kernel {
namespace {

TEST(CompilerCheck, NamesThePackageThatMatches) {
  const auto package = [](const char* text) {
    return compiler_package({.command = "gcc", .version_text = text});
  };
  EXPECT_EQ(package("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"),
            "apt-get install gcc-12=12.2.0-14+deb12u1");
  EXPECT_EQ(package("x86_64-linux-gnu-gcc-11 (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0"),
            "apt-get install gcc-11=11.4.0-1ubuntu1~22.04");
  EXPECT_EQ(package("gcc (GCC) 4.8.5 20150623 (Red Hat 4.8.5-44)"),
            "dnf install gcc-4.8.5-44");
  EXPECT_EQ(package("Debian clang version 14.0.6"), "apt-get install clang-14");
  EXPECT_EQ(package("gcc (GCC) 13.1.0"), "");
}

TEST(CompilerCheck, TellsBuildsOfOneVersionFromVersions) {
  EXPECT_EQ(compiler_difference("gcc (GCC) 4.8.5 20150623 (Red Hat 4.8.5-44)",
                                "gcc (GCC) 4.8.5 20150623 (Red Hat 4.8.5-39)"),
            "another build of the same version");
  EXPECT_EQ(compiler_difference("gcc-12 (Debian 12.2.0-14) 12.2.0", "gcc (GCC) 13.1.0"),
            "another version");
  EXPECT_EQ(compiler_difference("Debian clang version 14.0.6", "gcc (GCC) 14.0.6"),
            "another compiler");
}

TEST(CompilerCheck, NamesThePackageEvenIfThereIsNoSuchProgram) {
  try {
    check_compiler({.command = "no-such-gcc-12",
                    .version_text = "no-such-gcc-12 (Debian 12.2.0-14) 12.2.0"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.remedy().find("apt-get install gcc-12=12.2.0-14"), std::string::npos);
  }
}

} // namespace
} // namespace kpatch::kernel
