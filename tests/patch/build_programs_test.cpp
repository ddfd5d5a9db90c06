// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "patch/build_programs.h"

#include <gtest/gtest.h>

namespace kpatch::patch {
namespace {

class BuildPrograms : public ::testing::Test {
 protected:
  void SetUp() override {
    put("Kbuild", "bounds-file := include/generated/bounds.h\n"
                  "$(bounds-file): kernel/bounds.s FORCE\n\t$(call filechk,offsets)\n");
    put("lib/Makefile", "obj-y += crc32.o\nhostprogs\t:= gen_table \\\n  gen_other\n");
    put("drivers/keys/Makefile", "hostprogs += genmap\ngenmap-objs := keys.o main.o\n"
                                 "speech-objs := voice.o\n");
    put("net/filter/Makefile", "userprogs := umh\n");
  }

  bool serves(const std::string& path) const {
    return serves_the_build(source_.path(), path);
  }

 private:
  void put(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories((source_.path() / path).parent_path());
    write_file(source_.path() / path, text);
  }

  TempDir source_{"kpatch-build-programs-test-"};
};

TEST_F(BuildPrograms, AreCompiledForTheBuild) {
  for (const char* path : {"lib/gen_table.c", "lib/gen_other.c", "drivers/keys/keys.c",
                           "drivers/keys/main.c", "net/filter/umh.c", "kernel/bounds.c"})
    EXPECT_TRUE(serves(path)) << path;
}

TEST_F(BuildPrograms, AreNotPartsOfTheKernelOrOfNothing) {
  for (const char* path : {"lib/crc32.c", "lib/unnamed.c", "drivers/keys/voice.c",
                           "kernel/fork.c", "lib/sub/gen_table.c"})
    EXPECT_FALSE(serves(path)) << path;
}

} // namespace
} // namespace kpatch::patch
