// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "cache/record.h"
#include "klp/link_steps.h"
#include "klp/module_link.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::klp {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A folder in which kbuild has left what it does at some module.
class Watched : public testing::Test {
 protected:
  void record(const std::string& target, const std::string& command) {
    write_file(folder_.path() / ("." + target + ".cmd"),
               "savedcmd_" + target + " := " + command + "\n\ndeps := x\n");
  }

  /// As kbuild does since 6.13; `in` is how it names the folder before.
  void record_all(const std::string& in) {
    const std::string name = kWatchedName;
    record(name + ".mod", "printf '%s\\n' parts/" + std::string(kWatchedPart) + " > " +
                              in + name + ".mod");
    record(name + ".o", "ld -r -o " + in + name + ".o @" + in + name + ".mod");
    record("modules.order", "{ echo " + in + name + ".o; :; } > " + in + "modules.order");
    record("Module.symvers",
           "sed 's/o$$/x/' " + in + "modules.order | scripts/mod/modpost -T -");
    record(name + ".mod.o", "cc -DMODNAME=kpatch_watched_module -c -o " + in + name +
                                ".mod.o " + in + name + ".mod.c");
    record(name + ".ko", "ld -r -o " + in + name + ".ko " + in + name + ".o");
  }

  LinkPlace place(std::vector<std::string> parts = {"hook.o", "0.o"}) const {
    return {
        .folder = "/w/m", .objects = "/k", .name = "fix-it", .parts = std::move(parts)};
  }

  std::string in_folder() const { return folder_.path().string() + "/"; }

  TempDir folder_{"kpatch-link-steps-test-"};
};

TEST_F(Watched, GivesTheCommandsOfAnotherModule) {
  record_all(in_folder());
  const auto steps = watched_steps(folder_.path());
  ASSERT_TRUE(steps);
  EXPECT_THAT(commands_for(*steps, place()),
              ElementsAre("printf '%s\\n' parts/hook.o parts/0.o > /w/m/fix-it.mod",
                          "ld -r -o /w/m/fix-it.o @/w/m/fix-it.mod",
                          "{ echo /w/m/fix-it.o; :; } > /w/m/modules.order",
                          "sed 's/o$/x/' /w/m/modules.order | scripts/mod/modpost -T -",
                          "cc -DMODNAME=fix_it -c -o /w/m/fix-it.mod.o /w/m/fix-it.mod.c",
                          "ld -r -o /w/m/fix-it.ko /w/m/fix-it.o"));
}

TEST_F(Watched, IsReadBackAsItWasKept) {
  record_all("");
  record(".module-common.o", "cc -c -o .module-common.o /k/module-common.c");
  write_file(folder_.path() / ".module-common.o", std::string_view("two\nlines\n"));
  const auto steps = watched_steps(folder_.path());
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->common, "two\nlines\n");
  const LinkSteps again = LinkSteps::parse(steps->text());
  EXPECT_EQ(again.common, steps->common);
  EXPECT_EQ(commands_for(again, place()), commands_for(*steps, place()));
  EXPECT_EQ(again.steps.size(), 6u); // the common object is there already
  EXPECT_THROW(LinkSteps::parse("none\n"), Error);
}

TEST_F(Watched, MakesTheCommonObjectOnceWhereverThatIs) {
  record_all(in_folder());
  record(".module-common.o", "cc -c -o " + in_folder() + ".module-common.o /k/x.c");
  write_file(folder_.path() / ".module-common.o", std::string_view("object"));
  const auto steps = watched_steps(folder_.path());
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->common, "object");
}

TEST_F(Watched, KnowsNoStepsWhereKbuildKeepsOneToItself) {
  record_all("");
  fs::remove(folder_.path() / ".Module.symvers.cmd"); // before 5.19
  EXPECT_FALSE(watched_steps(folder_.path()));
}

TEST_F(Watched, KnowsNoStepsWhereKbuildDoesMore) {
  record_all("");
  record("kpatch-watched-module.btf", "pahole -J kpatch-watched-module.ko");
  EXPECT_FALSE(watched_steps(folder_.path()));
}

TEST_F(Watched, KnowsNoStepsWhereAPartStandsInMoreThanAWord) {
  record_all("");
  record(std::string(kWatchedName) + ".mod", "echo 'parts/kpatch-watched-part.o' > f");
  EXPECT_FALSE(watched_steps(folder_.path()));
}

TEST_F(Watched, KnowsNoStepsWhereTheCommonObjectIsNotCommon) {
  record_all("");
  record(".module-common.o",
         "cc -DNAME=kpatch_watched_module -c -o .module-common.o x.c");
  write_file(folder_.path() / ".module-common.o", std::string_view("object"));
  EXPECT_FALSE(watched_steps(folder_.path()));
}

TEST_F(Watched, IsFollowedWhereKbuildWorked) {
  LinkPlace here{.folder = folder_.path() / "m",
                 .objects = folder_.path(),
                 .name = "fix-it",
                 .parts = {}};
  fs::create_directory(here.folder);
  const LinkSteps in_its_folder{{{"@NAME@.ko", "echo WARNING: odd >&2; pwd >@NAME@.ko"}},
                                "common"};
  EXPECT_EQ(follow_steps(in_its_folder, here), "WARNING: odd\n");
  EXPECT_EQ(read_text(here.folder / "fix-it.ko"), here.folder.string() + "\n");
  EXPECT_EQ(read_text(here.folder / ".module-common.o"), "common");
  const LinkSteps above{{{"@NAME@.ko", "pwd >@FOLDER@/@NAME@.ko"}}, ""};
  EXPECT_TRUE(follow_steps(above, here));
  EXPECT_EQ(read_text(here.folder / "fix-it.ko"), folder_.path().string() + "\n");
  EXPECT_FALSE(follow_steps({{{"@NAME@.ko", "false; true"}}, ""}, here));
  here.folder = folder_.path() / "$x";
  fs::create_directory(here.folder);
  EXPECT_FALSE(follow_steps(above, here));
}

/// A kernel whose makefile says what it is asked for, and records how modules are linked.
class LinkedByATree : public testing::Test {
 protected:
  LinkedByATree() {
    const fs::path root = scratch_.path();
    for (const char* folder : {"source", "objects/include/generated", "kmod/include"})
      fs::create_directories(root / folder);
    for (const char* file :
         {"kmod/hook.c", "kmod/hook.h", "kmod/include/kpatch-records.h", "kmod/Makefile",
          "kmod/kpatch.lds", "objects/.config", "objects/include/generated/autoconf.h",
          "objects/include/generated/utsrelease.h"})
      write_file(root / file, std::string_view("\n"));
    request_ = {.name = "fix-it",
                .source_tree = root / "source",
                .object_tree = root / "objects",
                .hook_sources = root / "kmod",
                .work_dir = root / "work",
                .hook_cache = root / "hooks"};
    make_by("echo $(N)");
  }

  /// All steps but the one that makes the module do nothing.
  void make_by(const std::string& command) {
    write_file(request_.source_tree / "Makefile",
               "hook.o:\n\tcc -c -x c /dev/null -o $(M)/$@\n"
               "N := $(KPATCH_NAME)\n"
               "C = " +
                   command +
                   " >$(M)/$(N).ko\n"
                   "modules:\n"
                   "\techo $(N) >>$(M)/../asked\n"
                   "\t$(C)\n"
                   "\tfor t in $(N).mod $(N).o modules.order Module.symvers $(N).mod.o; "
                   "do echo 'cmd_x := true' >$(M)/.$$t.cmd; done\n"
                   "\techo 'cmd_x := $(subst $$,$$$$,$(C))' >$(M)/.$(N).ko.cmd\n");
  }

  std::string link() {
    const LinkPlace place =
        laid_out(request_, request_.work_dir / "module", "fix-it", {});
    const std::string module = read_text(linked_module(request_, place));
    fs::remove(place.folder / "fix-it.ko");
    return module;
  }

  std::string asked() const {
    return read_text_if_exists(request_.work_dir / "asked").value_or("");
  }

  TempDir scratch_{"kpatch-module-link-test-"};
  ModuleRequest request_;
};

TEST_F(LinkedByATree, AsksKbuildOnceForEachKernel) {
  EXPECT_EQ(link(), "fix-it\n");
  EXPECT_EQ(asked(), "kpatch-watched-module\nkpatch-2nd_module\n");
  EXPECT_EQ(link(), "fix-it\n");
  EXPECT_EQ(asked(), "kpatch-watched-module\nkpatch-2nd_module\n");
}

TEST_F(LinkedByATree, AsksKbuildForEachModuleWhereItsStepsLeadElsewhere) {
  make_by("echo $(N) $$MAKELEVEL");
  link();
  EXPECT_THAT(asked(), HasSubstr("2nd_module\nfix-it\n"));
  link();
  EXPECT_EQ(asked(), "kpatch-watched-module\nkpatch-2nd_module\nfix-it\nfix-it\n");
}

TEST_F(LinkedByATree, AsksKbuildWhereAStepFails) {
  fs::create_directories(request_.hook_cache);
  const LinkSteps broken{{{"@NAME@.ko", "false"}}, ""};
  cache::write_record(steps_file(request_), kStepsFormat, broken.text());
  EXPECT_EQ(link(), "fix-it\n");
  EXPECT_EQ(asked(), "fix-it\n");
}

TEST_F(LinkedByATree, LearnsAgainWhereTheRecordIsDamaged) {
  link();
  write_file(steps_file(request_), std::string_view("damaged"));
  EXPECT_EQ(link(), "fix-it\n");
  EXPECT_THAT(asked(), HasSubstr("2nd_module\nkpatch-watched-module\n"));
}

TEST_F(LinkedByATree, LearnsAgainWhereTheMakefilesChange) {
  link();
  const fs::path before = steps_file(request_);
  make_by("echo other $(N)");
  EXPECT_NE(steps_file(request_), before);
  EXPECT_EQ(link(), "other fix-it\n");
}

TEST_F(LinkedByATree, IsLeftToKbuildWithoutACache) {
  request_.hook_cache.clear();
  EXPECT_EQ(link(), "fix-it\n");
  EXPECT_EQ(asked(), "fix-it\n");
}

} // namespace
} // namespace kpatch::klp
