// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "produce/driver_of_fake_kernel.h"

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

TEST_F(Driver, ShowsCompilerErrorsWithTheFileAsInTheTree) {
  const BuildResult result =
      build(patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+int y(void) { return z; }\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kFailed);
  EXPECT_TRUE(
      result.message.starts_with("fs/y.c: the patched source does not compile\n"));
  EXPECT_NE(result.message.find("fs/y.c:1:22: error: "), std::string::npos);
  ASSERT_EQ(result.units.size(), 1u);
  EXPECT_EQ(result.units[0].outcome, UnitOutcome::kNotCompiled);
  EXPECT_NE(read_text(result.log).find("fs/y.c:1:22: error: "), std::string::npos);
}

TEST_F(Driver, QuotesTheLineThatIsWrongThoughLinesKeepTheirNumbers) {
  const BuildResult result =
      build(patch_of("fs/x.c", "@@ -1,4 +1,6 @@\n+int more;\n+int yet_more;\n"
                               " #include \"label.h\"\n"
                               " const char *where(void) { return __FILE__; }\n"
                               "-const char *show(void) { return LABEL; }\n"
                               "+const char *show(void) { return LABLE; }\n"
                               " int same(int x) { return x + 1; }\n"));
  EXPECT_NE(result.message.find("fs/x.c:5:33: error: 'LABLE'"), std::string::npos)
      << result.message;
  EXPECT_NE(result.message.find("5 | const char *show(void) { return LABLE; }"),
            std::string::npos);
  EXPECT_EQ(result.message.find(kernel_.root.path().native()), std::string::npos);
}

TEST_F(Driver, SaysWhatToDoAboutOrphanedCode) {
  const BuildResult result = build(
      patch_of("fs/y.c", "@@ -1 +1,3 @@\n+#pragma GCC diagnostic error \"-Wunused\"\n"
                         "+static void orphan(void) { }\n"
                         " int y(void) { return 1; }\n"));
  EXPECT_NE(result.message.find("orphan"), std::string::npos);
  EXPECT_NE(result.remedy.find("__maybe_unused"), std::string::npos);
}

TEST_F(Driver, LooksAtAllUnitsBeforeItGivesUp) {
  kernel_.put("source/fs/z.c", "int z(void) { return 1; }\n"); // kbuild cannot make it
  before_ = kernel_.files("source");
  kernel_.target.units.add("fs/z.c", "vmlinux");
  const BuildResult result =
      build(patch_of("fs/x.c", "@@ -4 +4 @@\n-int same(int x) { return x + 1; }\n"
                               "+int same(int x) { return x + 2; }\n") +
            patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+int y(void) { return wrong; }\n") +
            patch_of("fs/z.c", "@@ -1 +1 @@\n-int z(void) { return 1; }\n"
                               "+int z(void) { return 2; }\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kFailed);
  EXPECT_TRUE(result.message.starts_with("fs/y.c: the patched source does not compile\n"))
      << result.message;
  std::map<std::string, const UnitResult*> units;
  for (const UnitResult& unit : result.units)
    units[unit.unit] = &unit;
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units["fs/y.c"]->outcome, UnitOutcome::kNotCompiled);
  ASSERT_EQ(units["fs/z.c"]->problems.size(), 1u);
  EXPECT_NE(units["fs/z.c"]->problems[0].message.find("does not make an object of it"),
            std::string::npos);
  // It was compared, for which this kernel lacks the image.
  ASSERT_EQ(units["fs/x.c"]->problems.size(), 1u);
  EXPECT_EQ(units["fs/x.c"]->problems[0].code, "KP1008");
}

TEST_F(Driver, RemovesTheLogOfAFailureBefore) {
  const std::string wrong = patch_of(
      "fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n+int y(void) { return z; }\n");
  const fs::path log = build(wrong).log;
  ASSERT_TRUE(fs::exists(log));
  fs::last_write_time(log, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  const BuildResult result =
      build(patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+int y(void) { return 1; } // one\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange);
  EXPECT_FALSE(fs::exists(log));
}

TEST_F(Driver, DoesNotWorkInTheCacheOfALaterProgram) {
  fs::create_directories(kernel_.root.path() / "user/tmp");
  write_file(kernel_.root.path() / "user/format", std::string_view("999\n"));
  const BuildResult result =
      build(patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+int y(void) { return 2; }\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kFailed);
  EXPECT_NE(result.message.find("later version"), std::string::npos);
  EXPECT_TRUE(result.log.empty()); // there would be no more in it
  EXPECT_EQ(said_, "");
}

TEST_F(Driver, FindsNoChangeInAComment) {
  const BuildResult result =
      build(patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+int y(void) { return 1; } /* one */\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange);
  EXPECT_EQ(result.message, "no functional changes found");
  EXPECT_TRUE(result.log.empty());
  EXPECT_EQ(said_, "WARNING: Skipping compiler version matching check (not recommended)\n"
                   "Testing patch file(s)\n"
                   "1 unit to compile\n"
                   "Building original source\n"
                   "Building patched source\n"
                   "Reading special section data\n"
                   "Extracting new and modified ELF sections\n");
}

TEST_F(Driver, TellsHowFarTheCompilingHasCome) {
  kernel_.put("source/fs/y.c", "#include \"label.h\"\nconst char *y = LABEL;\n");
  before_ = kernel_.files("source");
  build(patch_of("include/label.h", "@@ -1 +1 @@\n-#define LABEL \"label\"\n"
                                    "+#define LABEL z\n"));
  EXPECT_NE(said_.find("2 units to compile\n"), std::string::npos) << said_;
  ASSERT_EQ(compiled_.size(), 2u);
  EXPECT_EQ(compiled_[0].done, 1u);
  EXPECT_EQ(compiled_[1].done, 2u);
  EXPECT_EQ(compiled_[1].total, 2u);
  EXPECT_GE(compiled_[1].seconds, compiled_[0].seconds);
}

TEST_F(Driver, HandsOutWhatPatchesChangeIfAsked) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, patch_of("fs/y.c", "@@ -1 +1 @@\n-nothing\n+x\n"));
  EXPECT_TRUE(build_with({.patches = {file}}).changes.empty());
  const BuildResult result = build_with({.patches = {file}, .wants_changes = true});
  ASSERT_EQ(result.changes.size(), 1u);
  ASSERT_EQ(result.changes[0].changes.size(), 1u);
  EXPECT_EQ(result.changes[0].changes[0].new_path, "fs/y.c");
  EXPECT_EQ(result.changes[0].changes[0].hunks.at(0).lines,
            (std::vector<std::string>{"-nothing", "+x"}));
}

TEST_F(Driver, SaysWhichHunkDoesNotApply) {
  const BuildResult result = build(patch_of("fs/y.c", "@@ -1 +1 @@\n-nothing\n+x\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kFailed);
  EXPECT_NE(result.message.find("x.patch file failed to apply\nfs/y.c: hunk #1 of 1"),
            std::string::npos);
}

TEST_F(Driver, ReportsAllProblemsOfAPatch) {
  const BuildResult result =
      build("--- /dev/null\n+++ b/fs/y.S\n@@ -0,0 +1 @@\n+nop\n"
            "--- /dev/null\n+++ b/fs/Kconfig\n@@ -0,0 +1 @@\n+config X\n"
            "--- a/fs/x.c\n+++ /dev/null\n@@ -1,4 +0,0 @@\n-#include \"label.h\"\n"
            "-const char *where(void) { return __FILE__; }\n"
            "-const char *show(void) { return LABEL; }\n"
            "-int same(int x) { return x + 1; }\n");
  EXPECT_EQ(result.outcome, BuildOutcome::kRefused);
  ASSERT_EQ(result.problems.size(), 2u);
  EXPECT_EQ(result.problems[0].code, "KP1003");
  EXPECT_EQ(result.problems[1].code, "KP1006");
}

TEST_F(Driver, NamesBothCompilersWhenTheyDiffer) {
  check_compiler_ = true;
  const BuildResult result = build(patch_of("fs/y.c", "@@ -1 +1 @@\n-a\n+b\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kFailed);
  EXPECT_NE(result.message.find("built with 'gcc as it is here', but gcc is 'gcc"),
            std::string::npos);
  EXPECT_NE(result.remedy.find("--skip-compiler-check"), std::string::npos);
  EXPECT_FALSE(result.steps.empty());
}

TEST_F(Driver, TurnsAKernelThatCannotBeFoundIntoAResult) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, patch_of("fs/y.c", "@@ -1 +1 @@\n-a\n+b\n"));
  const BuildOptions options{.patches = {file}, .cache = kernel_.root.path() / "user"};
  const BuildResult result = build_patch(
      options, []() -> kernel::Target { fail_with_remedy("look", "gone"); },
      {.progress = [](std::string_view) {}, .complaint = [](std::string_view) {}});
  EXPECT_EQ(result.outcome, BuildOutcome::kFailed);
  EXPECT_EQ(result.message, "gone");
  EXPECT_EQ(result.remedy, "look");
}

} // namespace
} // namespace kpatch::produce
