// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_kernel.h"
#include "patch/makefile_changes.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::patch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool lists_differ(std::string_view original, std::string_view patched) {
  return only_lists_differ(original, patched, {"new.o"});
}

TEST(OnlyListsDiffer, IfObjectsAreAdded) {
  EXPECT_TRUE(lists_differ("obj-y := a.o\n", "obj-y := a.o b.o\n"));
  EXPECT_TRUE(lists_differ("x-y := a.o \\\n\tb.o\n", "x-y := a.o \\\n\tb.o \\\n\tc.o\n"));
  EXPECT_TRUE(lists_differ("", "obj-$(CONFIG_X) += a.o sub/\n"));
  EXPECT_TRUE(lists_differ("", "x-$(subst m,y,$(CONFIG_IPV6)) += a.o $(more)\n"));
  EXPECT_TRUE(lists_differ("", "ip_vs-objs := a.o # why\n"));
}

TEST(OnlyListsDiffer, IfCommentsAndBlanksDo) {
  EXPECT_TRUE(lists_differ("# one\nobj-y := a.o   b.o\n", "\nobj-y := a.o b.o\n"));
}

TEST(OnlyListsDiffer, IfASettingIsOfANewObject) {
  EXPECT_TRUE(lists_differ("", "CFLAGS_new.o := -I$(src)\nKASAN_SANITIZE_new.o := n\n"));
  EXPECT_FALSE(lists_differ("", "CFLAGS_old.o := -I$(src)\n"));
}

TEST(OnlyListsDiffer, NotIfOptionsDo) {
  EXPECT_FALSE(lists_differ("", "ccflags-y += -DX\n"));
  EXPECT_FALSE(lists_differ("", "subdir-ccflags-y += $(MORE)\n"));
  EXPECT_FALSE(lists_differ("", "some-y += -O0\n"));
  EXPECT_FALSE(lists_differ("", "KBUILD_CFLAGS += -O0\n"));
  EXPECT_FALSE(lists_differ("", "extra-y += head.o\n"));
}

TEST(OnlyListsDiffer, NotIfRulesAndConditionsDo) {
  EXPECT_FALSE(lists_differ("", "a.o: b.h\n"));
  EXPECT_FALSE(lists_differ("", "a.o: obj-y := b.o\n"));
  EXPECT_FALSE(lists_differ("", "\tobj-y := b.o\n"));
  EXPECT_FALSE(lists_differ("", "ifdef X\n"));
  EXPECT_FALSE(lists_differ("", "include x.mk\n"));
  EXPECT_FALSE(lists_differ("define x\n", ""));
}

TEST(OnlyListsDiffer, CountsRepeatedLines) {
  EXPECT_FALSE(lists_differ("endif\nendif\n", "endif\n"));
}

/// A kernel of vmlinux and the module m.
class FollowMakefiles : public testing::Test {
 protected:
  FollowMakefiles() {
    std::filesystem::create_directories(kernel_.target.objects / "include/config");
    kernel_.put("objects/include/config/auto.conf", "CONFIG_M=m\n");
    kernel_.put("source/Makefile", "");
    kernel_.put("source/Kbuild", "obj-y += fs/\n");
    kernel_.put("source/fs/Makefile",
                "obj-y += x.o\nobj-$(CONFIG_M) += m.o\nm-y := y.o\n");
    kernel_.target.modules["m"] = {};
  }

  MakefileChanges follow(const std::string& makefile, const std::string& unit) {
    const PatchedView view = patched(makefile, unit);
    const std::vector<TouchedFile> touched = {
        {"fs/Makefile", true, true},
        {"fs/" + unit, false, true},
    };
    return follow_makefiles(touched, view, kernel_.target);
  }

  PatchedView patched(const std::string& makefile, const std::string& unit) {
    PatchedView view(kernel_.target.source, work_.path() / "view");
    write_file(view.own_file("fs/Makefile"), makefile);
    write_file(view.own_file("fs/" + unit), std::string_view("int i;\n"));
    return view;
  }

  FakeKernel kernel_;
  TempDir work_{"kpatch-makefile-changes."};
};

TEST_F(FollowMakefiles, AddsAUnitToVmlinuxOrToAModule) {
  const MakefileChanges changes = follow(
      "obj-y += x.o new.o\nobj-$(CONFIG_M) += m.o\nm-y := y.o\nm-y += new.o\n", "new.c");
  EXPECT_THAT(changes.problems, IsEmpty());
  EXPECT_THAT(changes.followed, ElementsAre("fs/Makefile"));
  EXPECT_EQ(changes.added.all().size(), 1u);
  EXPECT_THAT(changes.added.owners("fs/new.c"), ElementsAre("m", "vmlinux"));
}

TEST_F(FollowMakefiles, LeavesOutWhatTheConfigurationDoesNotWant) {
  const MakefileChanges changes = follow(
      "obj-y += x.o\nobj-$(CONFIG_M) += m.o\nm-y := y.o\nobj-$(CONFIG_N) += new.o\n",
      "new.c");
  EXPECT_THAT(changes.problems, IsEmpty());
  EXPECT_THAT(changes.followed, ElementsAre("fs/Makefile"));
  EXPECT_TRUE(changes.added.all().empty());
}

TEST_F(FollowMakefiles, RefusesToTakeAUnitOut) {
  const MakefileChanges changes = follow("obj-y += x.o\n", "new.c");
  ASSERT_EQ(changes.problems.size(), 1u);
  EXPECT_EQ(changes.problems[0].code, "KP1003");
  EXPECT_NE(changes.problems[0].message.find("fs/y.c no longer belongs to m"),
            std::string::npos);
}

TEST_F(FollowMakefiles, RefusesANewModuleAndAssembly) {
  const MakefileChanges module =
      follow("obj-y += x.o\nobj-m += m.o new.o\nm-y := y.o\n", "new.c");
  ASSERT_EQ(module.problems.size(), 1u);
  EXPECT_NE(module.problems[0].message.find("a module that this kernel does not have"),
            std::string::npos);
  std::filesystem::remove_all(work_.path() / "view");
  const MakefileChanges assembly =
      follow("obj-y += x.o new.o\nobj-m += m.o\nm-y := y.o\n", "new.S");
  ASSERT_EQ(assembly.problems.size(), 1u);
  EXPECT_EQ(assembly.problems[0].code, "KP1002");
}

TEST_F(FollowMakefiles, SaysThatAMakefileIsWrong) {
  const MakefileChanges changes = follow("obj-y += $(error here)\n", "new.c");
  ASSERT_EQ(changes.problems.size(), 1u);
  EXPECT_NE(changes.problems[0].message.find("here"), std::string::npos);
}

TEST_F(FollowMakefiles, DoesNotFollowOtherChanges) {
  const MakefileChanges changes = follow("obj-y += x.o new.o\nobj-m += m.o\nm-y := y.o\n"
                                         "ccflags-y := -O0\n",
                                         "new.c");
  ASSERT_EQ(changes.problems.size(), 1u);
  EXPECT_EQ(changes.problems[0].code, "KP1003");
  EXPECT_NE(changes.problems[0].message.find("ccflags-y := -O0"), std::string::npos);
}

TEST_F(FollowMakefiles, RunsNothingThatThePatchSays) {
  const std::filesystem::path trace = work_.path() / "trace";
  const MakefileChanges changes =
      follow("obj-y += x.o new.o\nobj-$(CONFIG_M) += m.o\nm-y := y.o\n"
             "x-y := $(shell touch " +
                 trace.string() + ")\n",
             "new.c");
  ASSERT_EQ(changes.problems.size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST_F(FollowMakefiles, DoesNotRunMakeIfItMayReadWhatNobodyJudged) {
  const std::filesystem::path trace = work_.path() / "trace";
  kernel_.put("source/fs/more.mk", "");
  kernel_.put("source/fs/Makefile",
              "include $(src)/more.mk\nobj-y += x.o\nobj-$(CONFIG_M) += m.o\n"
              "m-y := y.o\n");
  PatchedView view(kernel_.target.source, work_.path() / "view");
  write_file(view.own_file("fs/Makefile"),
             std::string_view("include $(src)/more.mk\nobj-y += x.o new.o\n"
                              "obj-$(CONFIG_M) += m.o\nm-y := y.o\n"));
  write_file(view.own_file("fs/more.mk"), "$(shell touch " + trace.string() + ")\n");
  write_file(view.own_file("fs/new.c"), std::string_view("int i;\n"));
  const std::vector<TouchedFile> touched = {
      {"fs/Makefile", true, true}, {"fs/more.mk", true, true}, {"fs/new.c", false, true}};
  const MakefileChanges changes = follow_makefiles(touched, view, kernel_.target);
  EXPECT_THAT(changes.followed, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST_F(FollowMakefiles, FollowsTheTopOfAModuleFromElsewhere) {
  kernel_.put("cache/folders", ".\n");
  kernel_.put("source/Makefile", "");
  std::filesystem::create_directories(kernel_.root.path() / "module");
  kernel_.put("module/Makefile", "obj-m := m.o\nm-y := y.o\n");
  kernel_.put("module/y.c", "");
  kernel_.target.kbuild_source = kernel_.target.source;
  kernel_.target.source = kernel_.root.path() / "module";

  PatchedView view(kernel_.target.source, work_.path() / "view");
  write_file(view.own_file("Makefile"),
             std::string_view("obj-m := m.o\nm-y := y.o new.o\n"));
  write_file(view.own_file("new.c"), std::string_view("int i;\n"));
  const std::vector<TouchedFile> touched = {
      {"Makefile", true, true},
      {"new.c", false, true},
  };
  const MakefileChanges changes = follow_makefiles(touched, view, kernel_.target);
  EXPECT_THAT(changes.problems, IsEmpty());
  EXPECT_THAT(changes.followed, ElementsAre("Makefile"));
  EXPECT_EQ(changes.added.text(), "new.c\tm\n");
}

} // namespace
} // namespace kpatch::patch
