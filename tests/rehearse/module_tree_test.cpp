// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "rehearse/module_tree.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::rehearse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kNext(1, '\0'); ///< between two facts

/// A root with a few modules below lib/modules/rel.
struct Root {
  TempDir directory{"kpatch-test-"};

  std::filesystem::path modules() const { return directory.path() / "lib/modules/rel"; }

  void add(const std::string& name, const std::string& more = "") {
    const auto file = modules() / "kernel/net" / (name + ".ko");
    std::filesystem::create_directories(file.parent_path());
    write_file(file, elf::write_object(runtime::module_object(
                         "name=" + name + std::string(1, '\0') + more)));
  }

  std::vector<std::string> order(const std::vector<std::string>& names) const {
    std::vector<std::string> result;
    for (const ModuleToLoad& module :
         ModuleTree(directory.path(), "rel").in_loading_order(names))
      result.push_back(module.name);
    return result;
  }
};

TEST(ModuleTree, PutsWhatIsNeededFirstAndOnce) {
  Root root;
  root.add("crc");
  root.add("conntrack", "depends=crc");
  root.add("ip_vs", "depends=conntrack,crc");
  root.add("unrelated");
  EXPECT_THAT(root.order({"ip_vs", "crc"}), ElementsAre("crc", "conntrack", "ip_vs"));
}

TEST(ModuleTree, SaysWhatModprobeHasToLoadFirst) {
  Root root;
  root.add("crc");
  root.add("defrag", "depends=crc");
  root.add("conntrack", "depends=defrag");
  root.add("unrelated");
  const auto modules = ModuleTree(root.directory.path(), "rel")
                           .in_loading_order({"unrelated", "conntrack"});
  EXPECT_EQ(modules_dep(modules, "/m"), "/m/unrelated.ko:\n/m/crc.ko:\n"
                                        "/m/defrag.ko: /m/crc.ko\n"
                                        "/m/conntrack.ko: /m/defrag.ko /m/crc.ko\n");
}

TEST(ModuleTree, TakesDashesForUnderscores) {
  Root root;
  root.add("ip_vs");
  EXPECT_THAT(root.order({"ip-vs"}), ElementsAre("ip_vs"));
}

TEST(ModuleTree, LoadsNothingForWhatIsBuiltIn) {
  Root root;
  root.add("other");
  write_file(root.modules() / "modules.builtin", "kernel/fs/some-fs.ko\n");
  EXPECT_THAT(root.order({"some_fs"}), IsEmpty());
}

TEST(ModuleTree, BringsOptionalHelpersOnlyIfTheyAreThere) {
  Root root;
  root.add("helper");
  root.add("main", "softdep=pre: helper absent");
  EXPECT_THAT(root.order({"main"}), ElementsAre("helper", "main"));
}

/// As libcrc32c wants "crc32c": on some processors one of its providers refuses to work.
TEST(ModuleTree, BringsAllThatProvideAHelper) {
  Root root;
  root.add("sum-fast");
  root.add("sum_slow", "depends=table");
  root.add("table");
  root.add("main", "depends=shared" + kNext + "softdep=pre: crypto-sum");
  root.add("shared", "softdep=pre: table");
  write_file(root.modules() / "modules.alias",
             "# Aliases extracted from modules themselves.\n"
             "alias crypto-sum sum_fast\nalias crypto-sum sum_slow\n"
             "alias pci:v*d0001* unrelated\n");
  EXPECT_THAT(root.order({"main"}),
              ElementsAre("sum-fast", "table", "sum_slow", "shared", "main"));
}

TEST(ModuleTree, TellsHelpersFromWhatIsNeeded) {
  Root root;
  root.add("helper", "depends=base");
  root.add("base");
  root.add("both");
  root.add("part", "depends=both");
  root.add("main", "depends=part" + kNext + "softdep=pre: helper both");
  std::vector<std::string> optional;
  for (const ModuleToLoad& module :
       ModuleTree(root.directory.path(), "rel").in_loading_order({"main"}))
    if (module.is_optional)
      optional.push_back(module.name);
  EXPECT_THAT(optional, ElementsAre("base", "helper"));
}

TEST(ModuleTree, SurvivesModulesThatNeedEachOther) {
  Root root;
  root.add("one", "depends=two");
  root.add("two", "depends=one");
  EXPECT_THAT(root.order({"one"}), ElementsAre("two", "one"));
}

TEST(ModuleTree, RefusesWhatIsNotThere) {
  Root root;
  root.add("one", "depends=absent");
  EXPECT_THROW(root.order({"one"}), Error);
  EXPECT_THROW(ModuleTree(root.directory.path(), "other"), Error);
}

TEST(ModuleTree, TakesAFileFromElsewhere) {
  Root root;
  root.add("crc");
  const auto file = root.directory.path() / "mine.ko";
  write_file(file, elf::write_object(runtime::module_object(
                       std::string("name=mine\0depends=crc", 21))));
  EXPECT_THAT(root.order({file.string()}), ElementsAre("crc", "mine"));
}

} // namespace
} // namespace kpatch::rehearse
