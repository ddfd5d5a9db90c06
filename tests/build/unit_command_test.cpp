// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/fake_kernel.h"
#include "build/unit_command.h"

#include <gtest/gtest.h>

namespace kpatch::build {
namespace {
namespace fs = std::filesystem;

using Words = std::vector<std::string>;

/// What unit_commands makes of a record of fs/x.c that is kept in the cache.
class KeptCommand : public testing::Test {
 protected:
  Words objtool_of(const std::string& config, const std::string& more_of_record) {
    kernel_.target.config = kernel::Config::parse(config, "config");
    const fs::path record = shop_.kept("commands") / "fs/.x.o.cmd";
    fs::create_directories(record.parent_path());
    write_file(record, kernel_.record("x", more_of_record));
    const std::vector<std::string> units{"fs/x.c"};
    return unit_commands(shop_, units).at(0).objtool;
  }

  FakeKernel kernel_;
  TempDir work_{"kpatch-unit-command-test."};
  BuildLog log_;
  Workshop shop_{kernel_.target, work_.path(), log_, 1};
};

TEST_F(KeptCommand, RunsObjtoolAsRecorded) {
  EXPECT_EQ(objtool_of("CONFIG_UNWINDER_ORC=y\n", " ; ./objtool --stackval fs/x.o"),
            (Words{"./objtool", "--stackval"}));
  EXPECT_EQ(objtool_of("CONFIG_UNWINDER_ORC=y\n", ""), Words());
}

TEST_F(KeptCommand, RunsObjtoolWhereTheKernelLeavesItToTheLink) {
  const std::string config = "CONFIG_X86_KERNEL_IBT=y\nCONFIG_UNWINDER_ORC=y\n";
  const std::string program = kernel_.target.objects / "tools/objtool/objtool";
  EXPECT_EQ(objtool_of(config, ""), (Words{program, "--orc"}));
  kernel_.target.units.add("fs/x.c", "some_module");
  // A module of one object is the link, but not of the patch.
  EXPECT_EQ(objtool_of(config, " ; ./objtool --ibt --link --module fs/x.o"),
            (Words{program, "--orc", "--module"}));
}

} // namespace
} // namespace kpatch::build
