// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/objtool.h"
#include "kernel/symvers.h"

#include <gtest/gtest.h>

namespace kpatch::kernel {
namespace {

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

TEST(SymversNamespace, IsTheFieldThatIsNothingElse) {
  const Symvers newer = Symvers::parse("0x1\tf\tvmlinux\tEXPORT_SYMBOL\t\n"
                                       "0x2\tg\tdrivers/a/b\tEXPORT_SYMBOL_GPL\tSPACE\n",
                                       "newer");
  EXPECT_EQ(newer.import_namespace("f"), "");
  EXPECT_EQ(newer.import_namespace("g"), "SPACE");
  EXPECT_EQ(newer.import_namespace("absent"), "");

  const Symvers between =
      Symvers::parse("0x1\tf\tSPACE\tvmlinux\tEXPORT_SYMBOL\n", "5.4");
  EXPECT_EQ(between.import_namespace("f"), "SPACE");
}

} // namespace
} // namespace kpatch::kernel
