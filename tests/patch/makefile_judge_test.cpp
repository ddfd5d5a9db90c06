// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/makefile_judge.h"

#include <gtest/gtest.h>

namespace kpatch::patch {
namespace {

std::string refused(std::string_view added) {
  return line_to_refuse("obj-y := a.o\n", "obj-y := a.o\n" + std::string(added),
                        {"new.o"});
}

TEST(LineToRefuse, IsNoneForListsAndSettings) {
  for (const char* line :
       {"obj-y += new.o\n", "obj-$(CONFIG_X) += new.o sub/ \\\n\tb.o\n",
        "x-objs := a.o $(x-y)\n", "x-$(CONFIG_X) += ../lib/a.o\n",
        "x-$(subst m,y,$(CONFIG_X)) += a.o\n", "x-y += a.o # why\n",
        "CFLAGS_new.o := -I$(src) -DX=1 -fno-stack-protector -Wno-unused\n",
        "KASAN_SANITIZE_new.o := n\n", "# only a comment\n", "\n"})
    EXPECT_EQ(refused(line), "") << line;
}

TEST(LineToRefuse, IsWhatMakeWouldRun) {
  for (const char* line : {"obj-y += $(shell touch x)\n",
                           "obj-y += $(shell touch x).o\n",
                           "x-y != touch x\n",
                           "x-y!=touch x\n",
                           "obj-$(shell touch x) += a.o\n",
                           "obj-y += ${shell touch x}\n",
                           "obj-y += $(eval y := $(shell touch x))\n",
                           "obj-y += $(info x)a.o\n",
                           "obj-y += \\#$(shell touch x).o\n",
                           "# $(shell touch x)\n",
                           "obj-y += a.o # \\\n$(shell touch x)\n",
                           "obj-y += $(if 1,$(shell touch x),)\n",
                           "obj-y += $(call f,x)\n",
                           "obj-y += $(firstword a.o)\n",
                           "obj-y += $x\n",
                           "obj-y += $$(x)\n",
                           "$(CONFIG_X)-y += a.o\n",
                           "include evil.mk\n",
                           "-include evil.mk\n",
                           "load evil.so\n",
                           "define x\n",
                           "SHELL := sh\n",
                           "MAKEFLAGS += --eval=x\n",
                           "a.o: b.o\n",
                           "a.o: obj-y := b.o\n",
                           "\ttouch x\n",
                           "export obj-y := a.o\n",
                           "obj-y += a;touch\n",
                           "obj-y += a;id>&2;b.o\n",
                           "obj-y += `touch`.o\n",
                           "obj-y += /tmp/evil/\n",
                           "obj-y += ../../evil/\n",
                           "obj-y += a.o\r\n",
                           "ifeq ($(shell touch x),)\n",
                           "x-$(subst m,y,$(shell touch x)) += a.o\n",
                           "CFLAGS_new.o := -fplugin=evil.so\n",
                           "CFLAGS_new.o := -specs=evil\n",
                           "CFLAGS_new.o := -wrapper sh\n",
                           "CFLAGS_new.o := -B/tmp\n",
                           "CFLAGS_new.o := -Wa,--x\n",
                           "CFLAGS_new.o := -fdump-tree-all=/etc/x\n",
                           "CFLAGS_new.o := -include /etc/shadow\n",
                           "CFLAGS_new.o := @file\n",
                           "CFLAGS_old.o := -O0\n",
                           "ccflags-y := -O0\n"})
    EXPECT_NE(refused(line), "") << line;
}

TEST(LineToRefuse, CountsLinesThatAreTakenOut) {
  EXPECT_EQ(line_to_refuse("ifdef CONFIG_X\nobj-y := a.o\nendif\n", "obj-y := a.o\n", {}),
            "endif ");
  EXPECT_EQ(line_to_refuse("obj-y := a.o b.o\n", "obj-y := a.o\n", {}), "");
}

TEST(LineToRefuse, AllowsFlagsInANewMakefile) {
  EXPECT_EQ(line_to_refuse("", "obj-y := a.o\nccflags-y := -I$(src)/x\n", {}), "");
  EXPECT_NE(line_to_refuse("", "ccflags-y := -fplugin=x.so\n", {}), "");
  EXPECT_NE(line_to_refuse("", "all:\n\ttouch x\n", {}), "");
}

} // namespace
} // namespace kpatch::patch
