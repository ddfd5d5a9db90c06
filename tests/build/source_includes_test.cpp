// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "build/source_includes.h"

#include <gtest/gtest.h>

namespace kpatch::build {
namespace {
namespace fs = std::filesystem;
using Files = std::vector<std::string>;

TEST(SourceIncludes, AreFoundByDirectoryAndBySearchPath) {
  SourceIncludes includes;
  includes.add("kernel/sched/build_policy.c", "rt.c");
  includes.add("drivers/a/b/x.c", "../rt.c");
  includes.add("fs/f.c", "sched/rt.c");
  EXPECT_EQ(includes.files_reaching("kernel/sched/rt.c"),
            (Files{"fs/f.c", "kernel/sched/build_policy.c"}));
  EXPECT_EQ(includes.files_reaching("drivers/a/rt.c"),
            (Files{"drivers/a/b/x.c", "kernel/sched/build_policy.c"}));
  EXPECT_TRUE(includes.files_reaching("kernel/sched/fair.c").empty());
}

TEST(SourceIncludes, GoThroughOtherFilesAndRoundInCircles) {
  SourceIncludes includes;
  includes.add("lib/sources.h", "a.c");
  includes.add("lib/a.c", "b.c");
  includes.add("lib/b.c", "a.c");
  EXPECT_EQ(includes.files_reaching("lib/b.c"), (Files{"lib/a.c", "lib/sources.h"}));
}

TEST(SourceIncludes, AreReadFromATree) {
  const TempDir tree("kpatch-includes-test.");
  fs::create_directories(tree.path() / "fs");
  fs::create_directories(tree.path() / "tools");
  write_file(tree.path() / "fs/x.c", std::string_view("#include <linux/a.h>\n"
                                                      "#  include \"part.c\"\n"
                                                      "// #include \"no.c\"\n"));
  write_file(tree.path() / "tools/t.c", std::string_view("#include \"part.c\"\n"));
  const SourceIncludes includes = SourceIncludes::scan(tree.path());
  EXPECT_EQ(includes.files_reaching("fs/part.c"), Files{"fs/x.c"});
  EXPECT_EQ(includes.text(), "fs/x.c\tpart.c\n");
  EXPECT_EQ(SourceIncludes::parse(includes.text(), "list").text(), includes.text());
  EXPECT_THROW(SourceIncludes::parse("nonsense\n", "list"), Error);
}

TEST(SourceIncludes, MayBeNone) {
  const TempDir tree("kpatch-includes-test.");
  EXPECT_EQ(SourceIncludes::scan(tree.path()).text(), "");
}

} // namespace
} // namespace kpatch::build
