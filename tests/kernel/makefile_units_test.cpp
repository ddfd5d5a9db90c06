// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "kernel/makefile_units.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MakefileUnits : public testing::Test {
 protected:
  MakefileUnits() {
    put("objects/include/config/auto.conf", "CONFIG_FS=y\nCONFIG_XFS=m\nCONFIG_NET=m\n");
    put("source/Makefile", "export ARCH_LIB := arch/lib/\n");
    put("source/Kbuild", "obj-y += fs/ $(ARCH_LIB)\nobj-$(CONFIG_NET) += net/\n");
    put("source/arch/lib/Makefile", "lib-y += copy.o fast.o\n");
    put("source/fs/Makefile", "obj-$(CONFIG_FS) += open.o table.o\n"
                              "table-objs := rows.o\n"
                              "obj-$(CONFIG_XFS) += xfs-core.o\n"
                              "obj-$(CONFIG_OFF) += off.o\n"
                              "xfs-core-y := tree.o ../shared/log.o\n"
                              "xfs-core-$(CONFIG_XFS) += quota.o\n"
                              "obj-y += deep/\n");
    put("source/fs/deep/Makefile", "obj-m += one.o\n");
    put("source/net/Kbuild", "obj-y += never.o\nobj-m += socket.o\nobj-y += far/\n");
    put("source/net/far/Makefile", "obj-m += far.o\n");
    for (const char* unit :
         {"arch/lib/copy.c", "fs/open.c", "fs/rows.c", "fs/table.c", "fs/tree.c",
          "shared/log.c", "fs/quota.c", "fs/off.c", "fs/deep/one.c", "net/never.c",
          "net/socket.c", "net/far/far.c"})
      put(std::string("source/") + unit, "");
    put("source/arch/lib/fast.S", "");
    target_.source = root_.path() / "source";
    target_.objects = root_.path() / "objects";
  }

  void put(const std::string& path, std::string_view text) {
    const std::filesystem::path file = root_.path() / path;
    std::filesystem::create_directories(file.parent_path());
    write_file(file, text);
  }

  TempDir root_{"kpatch-makefiles."};
  Target target_;
};

TEST_F(MakefileUnits, BelongToTheKernelOrToModules) {
  const UnitIndex units = units_from_makefiles(target_);
  EXPECT_THAT(units.owners("fs/open.c"), ElementsAre("vmlinux"));
  EXPECT_THAT(units.owners("fs/tree.c"), ElementsAre("xfs_core"));
  EXPECT_THAT(units.owners("fs/quota.c"), ElementsAre("xfs_core"));
  EXPECT_THAT(units.owners("fs/deep/one.c"), ElementsAre("one"));
  EXPECT_THAT(units.owners("net/socket.c"), ElementsAre("socket"));
  EXPECT_THAT(units.owners("net/far/far.c"), ElementsAre("far"));
  EXPECT_THAT(units.owners("arch/lib/copy.c"), ElementsAre("vmlinux"));
  EXPECT_THAT(units.owners("arch/lib/fast.S"), ElementsAre("vmlinux"));
}

TEST_F(MakefileUnits, AreThePartsOfCompositeObjects) {
  const UnitIndex units = units_from_makefiles(target_);
  EXPECT_THAT(units.owners("fs/rows.c"), ElementsAre("vmlinux"));
  EXPECT_THAT(units.owners("fs/table.c"), IsEmpty());
  EXPECT_THAT(units.owners("shared/log.c"), ElementsAre("xfs_core"));
}

TEST_F(MakefileUnits, AreOnlyWhatTheConfigurationWants) {
  const UnitIndex units = units_from_makefiles(target_);
  EXPECT_THAT(units.owners("fs/off.c"), IsEmpty());
  EXPECT_THAT(units.owners("net/never.c"), IsEmpty()); // the folder gives only modules
}

TEST_F(MakefileUnits, AreNamedByMakefilesThatOthersInclude) {
  put("source/fs/Makefile",
      "obj-y += all.o\ninclude $(src)/more/Makefile\nall-y := $(MORE)\n");
  put("source/fs/more/Makefile", "MORE := more/some.o\n");
  put("source/fs/more/some.c", "");
  EXPECT_THAT(units_from_makefiles(target_).owners("fs/more/some.c"),
              ElementsAre("vmlinux"));
}

/// Kernels before 6.1.
TEST_F(MakefileUnits, AreFoundInTheFoldersOfTheTopMakefile) {
  put("source/Kbuild", "");
  put("source/arch/Makefile", "head-y := arch/first.o\nlibs-y := arch/lib/\n");
  put("source/arch/first.S", "");
  put("source/Makefile",
      "include $(abs_srctree)/arch/Makefile\nnet-m := $(if $(CONFIG_NET),net/)\n"
      "vmlinux-dirs := $(patsubst %/,%,fs/ net/ $(libs-y))\n");
  const UnitIndex units = units_from_makefiles(target_);
  EXPECT_THAT(units.owners("fs/open.c"), ElementsAre("vmlinux"));
  EXPECT_THAT(units.owners("fs/quota.c"), ElementsAre("xfs_core"));
  EXPECT_THAT(units.owners("arch/lib/copy.c"), ElementsAre("vmlinux"));
  EXPECT_THAT(units.owners("net/socket.c"), ElementsAre("socket"));
  EXPECT_THAT(units.owners("arch/first.S"), ElementsAre("vmlinux"));
}

/// Kernels before 5.13.
TEST_F(MakefileUnits, AreFoundWhereTheTopMakefileStartsAgain) {
  put("source/arch/Makefile", "export ARCH_LIB := arch/lib/\n");
  put("source/Makefile", "ifneq ($(sub_make_done),1)\n"
                         "abs_objtree := $(CURDIR)\n"
                         "ifneq ($(abs_srctree),$(abs_objtree))\n"
                         "MAKEFLAGS += --include-dir=$(abs_srctree)\n"
                         "need-sub-make := 1\nendif\n"
                         "ifeq ($(need-sub-make),1)\n"
                         "export sub_make_done := 1\n"
                         "$(MAKECMDGOALS):\n"
                         "\t@$(MAKE) -f $(abs_srctree)/Makefile $(MAKECMDGOALS)\n"
                         "endif\nendif\n"
                         "ifeq ($(need-sub-make),)\ninclude arch/Makefile\nendif\n");
  EXPECT_THAT(units_from_makefiles(target_).owners("arch/lib/copy.c"),
              ElementsAre("vmlinux"));
}

TEST_F(MakefileUnits, LeaveThePreparedTreeAlone) {
  units_from_makefiles(target_);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(target_.objects))
    files += entry.is_regular_file();
  EXPECT_EQ(files, 1U);
}

TEST_F(MakefileUnits, AreAnErrorIfThereAreNone) {
  put("source/Kbuild", "");
  EXPECT_THROW(units_from_makefiles(target_), Error);
}

TEST_F(MakefileUnits, StayInTheTree) {
  EXPECT_TRUE(parse_makefile_units("unit ../../etc/x.o vmlinux\nunit\nunit x y z\n",
                                   target_.source)
                  .all()
                  .empty());
}

/// One of several module sources, in folders "one" and "two".
class ModuleUnits : public MakefileUnits {
 protected:
  ModuleUnits() {
    put("cache/folders", "one\ntwo\n");
    put("module/one/Makefile", "ifneq ($(KERNELRELEASE),)\n"
                               "include $(src)/parts.mk\n"
                               "obj-m := one.o\none-objs := main.o $(parts)\n"
                               "obj-m += deep/\n"
                               "else\n$(error not called by kbuild)\nendif\n");
    put("module/one/parts.mk", "parts = part.o $(if $(filter %/one,$(M)),of_m.o)\n");
    put("module/one/deep/Kbuild", "obj-m := deep.o\nobj-y := never.o\n");
    put("module/two/Kbuild", "obj-m := two.o\n");
    for (const char* unit : {"one/main.c", "one/part.c", "one/of_m.c", "one/deep/deep.c",
                             "one/deep/never.c", "two/two.c"})
      put(std::string("module/") + unit, "");
    target_.kbuild_source = target_.source;
    target_.source = root_.path() / "module";
    target_.cache = root_.path() / "cache";
    target_.release = "6.1.0";
  }
};

TEST_F(ModuleUnits, BelongToTheModulesOfEachFolder) {
  const UnitIndex units = units_from_makefiles(target_);
  EXPECT_EQ(units.all().size(), 5u) << units.text();
  for (const char* unit : {"one/main.c", "one/part.c", "one/of_m.c"})
    EXPECT_THAT(units.owners(unit), ElementsAre("one")) << unit;
  EXPECT_THAT(units.owners("one/deep/deep.c"), ElementsAre("deep"));
  EXPECT_THAT(units.owners("two/two.c"), ElementsAre("two"));
}

TEST_F(ModuleUnits, AreWithoutTheFoldersOfTheKernel) {
  put("source/Makefile", "vmlinux-dirs := fs\nhead-y := fs/open.o\n");
  put("module/fs/Makefile", "obj-m := stray.o\n");
  put("module/fs/stray.c", "");
  EXPECT_THAT(units_from_makefiles(target_).owners("fs/stray.c"), IsEmpty());
}

TEST_F(ModuleUnits, OfOneSourceAreNamedFromItsTop) {
  put("cache/folders", ".\n");
  put("module/Makefile", "obj-m := two/\n");
  EXPECT_EQ(units_from_makefiles(target_).text(), "two/two.c\ttwo\n");
}

} // namespace
} // namespace kpatch::kernel
