// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "image/symvers.h"
#include "kernel/objtool.h"
#include "scratch.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::kernel {
namespace {

namespace fs = std::filesystem;

TEST(ObjtoolArguments, FollowTheConfiguration) {
  const Config config = Config::parse("CONFIG_HAVE_JUMP_LABEL_HACK=y\n"
                                      "CONFIG_UNWINDER_ORC=y\n"
                                      "CONFIG_MITIGATION_RETHUNK=y\n"
                                      "CONFIG_X86_KERNEL_IBT=y\n"
                                      "# CONFIG_STACK_VALIDATION is not set\n"
                                      "CONFIG_PREFIX_SYMBOLS=y\n"
                                      "CONFIG_FUNCTION_PADDING_BYTES=16\n",
                                      "config");
  const std::vector<std::string> expected{"--hacks=jump_label", "--orc", "--rethunk",
                                          "--prefix=16"};
  EXPECT_EQ(objtool_arguments(config), expected);
}

TEST(Objtool, IsDelayedWhereTheMakefileSaysSo) {
  const Scratch scratch;
  scratch.file(
      "scripts/Makefile.lib",
      "# what delay-objtool is for\nobjtool-args = $(if $(delay-objtool), --link)\n"
      "delay-objtool := $(or $(CONFIG_LTO_CLANG),$(CONFIG_SOME_OPTION))\n"
      "objtool-enabled := $(CONFIG_OBJTOOL)\n");
  const auto is_delayed = [&](const char* config) {
    return delays_objtool(scratch.path(), Config::parse(config, "config"));
  };
  EXPECT_TRUE(is_delayed("CONFIG_SOME_OPTION=y\n"));
  EXPECT_TRUE(is_delayed("CONFIG_LTO_CLANG=y\n"));
  EXPECT_FALSE(is_delayed("CONFIG_X86_KERNEL_IBT=y\n"));
  EXPECT_FALSE(is_delayed("CONFIG_OBJTOOL=y\n"));
}

TEST(Objtool, IsDelayedByTwoOptionsWhereNoMakefileSaysIt) {
  const Scratch scratch;
  const auto is_delayed = [&](const char* config) {
    return delays_objtool(scratch.path(), Config::parse(config, "config"));
  };
  EXPECT_TRUE(is_delayed("CONFIG_X86_KERNEL_IBT=y\n"));
  EXPECT_TRUE(is_delayed("CONFIG_LTO_CLANG=y\n"));
  EXPECT_FALSE(is_delayed("CONFIG_OBJTOOL=y\n"));
}

TEST(Objtool, IsTheProgramBehindTheWrapperOfSeveralProcessors) {
  const Scratch scratch;
  scratch.file("arch/x86/Makefile", "");
  scratch.file("tools/objtool/objtool", "");
  EXPECT_EQ(objtool_program(scratch.path()), scratch / "tools/objtool/objtool");
  scratch.file("tools/objtool/objtool.real-powerpc", "");
  EXPECT_EQ(objtool_program(scratch.path()), scratch / "tools/objtool/objtool");
  scratch.file("tools/objtool/objtool.real-x86", "");
  EXPECT_EQ(objtool_program(scratch.path()), scratch / "tools/objtool/objtool.real-x86");
}

/// It never fails the kernel's build, so its status says nothing.
TEST(Objtool, MayNotComplain) {
  const Scratch scratch;
  const fs::path tool = scratch / "objtool";
  write_file(tool, "#!/bin/sh\necho \"$2: warning: unannotated call\" >&2\n", 0755);
  try {
    run_objtool(tool, {"--orc"}, "hook.o");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "hook.o: objtool does not accept the object (exit status 0):"
                 "\nhook.o: warning: unannotated call\n");
    EXPECT_THAT(error.remedy(), testing::HasSubstr(tool.native()));
  }
  write_file(tool, "#!/bin/sh\n[ \"$*\" = \"--orc hook.o\" ]\n", 0755);
  EXPECT_NO_THROW(run_objtool(tool, {"--orc"}, "hook.o"));
}

TEST(SymversNamespace, IsTheFieldThatIsNothingElse) {
  const image::Symvers newer =
      image::Symvers::parse("0x1\tf\tvmlinux\tEXPORT_SYMBOL\t\n"
                            "0x2\tg\tdrivers/a/b\tEXPORT_SYMBOL_GPL\tSPACE\n",
                            "newer");
  EXPECT_EQ(newer.import_namespace("f"), "");
  EXPECT_EQ(newer.import_namespace("g"), "SPACE");
  EXPECT_EQ(newer.import_namespace("absent"), "");

  const image::Symvers between =
      image::Symvers::parse("0x1\tf\tSPACE\tvmlinux\tEXPORT_SYMBOL\n", "5.4");
  EXPECT_EQ(between.import_namespace("f"), "SPACE");
}

} // namespace
} // namespace kpatch::kernel
