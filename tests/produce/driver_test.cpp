// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "compile/workshop.h"
#include "fake_kernel.h"
#include "produce/driver.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

/// Builds for a kernel of two files. That a module comes out takes a real kernel; here it
/// is everything that can end a build before.
class Driver : public testing::Test {
 protected:
  Driver() {
    compile::BuildLog log;
    const compile::Workshop shop{kernel_.target, {}, log};
    const fs::path commands = shop.kept("commands") / "fs";
    fs::create_directories(commands);
    write_file(commands / ".x.o.cmd", kernel_.record("x"));
    write_file(commands / ".y.o.cmd", kernel_.record("y"));
    fs::create_directories(output());
    kernel_.target.symvers = kernel_.root.path() / "Module.symvers";
    write_file(kernel_.target.symvers, std::string_view());
    before_ = kernel_.files("source");
    objects_before_ = kernel_.files("objects");
  }
  ~Driver() override {
    EXPECT_EQ(kernel_.files("source"), before_);
    EXPECT_EQ(kernel_.files("objects"), objects_before_);
    EXPECT_TRUE(fs::is_empty(output()));
    for (const auto& entry : fs::directory_iterator(kernel_.root.path() / "user/tmp"))
      EXPECT_EQ(entry.path().filename(), ".lock") << "left behind";
  }

  fs::path output() const { return kernel_.root.path() / "output"; }

  BuildResult build(const std::string& patch) {
    const fs::path file = kernel_.root.path() / "x.patch";
    write_file(file, patch);
    return build_with({.patches = {file}});
  }

  BuildResult build_with(BuildOptions options) {
    options.output_directory = output();
    options.cache = kernel_.root.path() / "user";
    options.jobs = 2;
    options.check_compiler = check_compiler_;
    const auto note = [&](std::string_view line) { said_ += std::string(line) + "\n"; };
    return build_patch(
        options, [&] { return kernel_.target; },
        {.progress = note,
         .complaint = note,
         .compiled = [&](const compile::Progress& now) { compiled_.push_back(now); }});
  }

  FakeKernel kernel_;
  std::map<std::string, std::string> before_;
  std::map<std::string, std::string> objects_before_;
  std::string said_;
  std::vector<compile::Progress> compiled_;
  bool check_compiler_ = false;
};

std::string patch_of(const std::string& file, const std::string& hunk) {
  return "--- a/" + file + "\n+++ b/" + file + "\n" + hunk;
}

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

TEST_F(Driver, CompilesTheUnitsThatUseAChangedHeader) {
  const BuildResult result = build(patch_of(
      "include/label.h", "@@ -1 +1 @@\n-#define LABEL \"label\"\n+#define LABEL z\n"));
  EXPECT_TRUE(result.message.starts_with("fs/x.c: the patched source does not compile"))
      << result.message;
  EXPECT_NE(said_.find("1 unit to compile\n"), std::string::npos);
}

TEST_F(Driver, CompilesNothingForAChangedCommentOfAHeader) {
  const BuildResult result = build(
      patch_of("include/label.h", "@@ -1 +1,2 @@\n-#define LABEL \"label\"\n+/* one */\n"
                                  "+#define LABEL\t\"label\" // two\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange);
  EXPECT_EQ(result.message, "no changed objects found");
  EXPECT_NE(said_.find("include/label.h: only comments and blanks are changed\n"),
            std::string::npos);
}

TEST_F(Driver, RefusesANewFileThatNothingIncludes) {
  const BuildResult result =
      build(patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+int y(void) { return 2; }\n") +
            "--- /dev/null\n+++ b/fs/new.c\n@@ -0,0 +1 @@\n+int n;\n");
  EXPECT_EQ(result.outcome, BuildOutcome::kRefused);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].code, "KP1007");
  EXPECT_EQ(result.problems[0].object, "fs/new.c");
}

TEST_F(Driver, NamesSourcesOfOtherImagesThatUseAHeader) {
  fs::create_directories(kernel_.root.path() / "source/arch/x86");
  kernel_.put("source/include/own.h", "#define OWN 1\n");
  kernel_.put("source/arch/x86/unit.c", "#include <own.h>\nint unit;\n");
  kernel_.put("source/arch/x86/image.c", "#include <own.h>\nint image = OWN;\n");
  kernel_.put("source/arch/x86/other.c", "#include <own.h>\nint other;\n");
  before_ = kernel_.files("source");
  kernel_.target.units.add("arch/x86/unit.c", "vmlinux");
  const BuildResult result =
      build(patch_of("include/own.h", "@@ -1 +1 @@\n-#define OWN 1\n+#define OWN 2\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange);
  EXPECT_NE(said_.find("the patch also changes what arch/x86/image.c is compiled"),
            std::string::npos)
      << said_;
}

TEST_F(Driver, TakesANewHeaderThatAUnitIncludes) {
  const BuildResult result =
      build(patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+#include \"new.h\"\n") +
            "--- /dev/null\n+++ b/fs/new.h\n@@ -0,0 +1 @@\n+int y(void) { return Z; }\n");
  // It got as far as the compiler, which found the mistake in the new header.
  EXPECT_NE(result.message.find("fs/new.h:1:22: error: "), std::string::npos);
}

TEST_F(Driver, CompilesTheUnitThatIncludesATouchedSourceFile) {
  kernel_.put("source/fs/part.c", "static int z(void) { return 1; }\n");
  kernel_.put("source/fs/y.c", "#include \"part.c\"\nint y(void) { return z(); }\n");
  kernel_.put("source/fs/x.c", "#if 0\n#include \"part.c\"\n#endif\nint x;\n");
  before_ = kernel_.files("source");
  const BuildResult wrong =
      build(patch_of("fs/part.c", "@@ -1 +1 @@\n-static int z(void) { return 1; }\n"
                                  "+static int z(void) { return q; }\n"));
  EXPECT_TRUE(wrong.message.starts_with("fs/y.c: the patched source does not compile\n"));
  EXPECT_NE(wrong.message.find("fs/part.c:1:29: error: "), std::string::npos);
}

TEST_F(Driver, RefusesASourceFileThatNoUnitIncludesAfterAll) {
  kernel_.put("source/fs/part.c", "static int z(void) { return 1; }\n");
  kernel_.put("source/fs/x.c", "#if 0\n#include \"part.c\"\n#endif\nint x;\n");
  before_ = kernel_.files("source");
  const BuildResult unused =
      build(patch_of("fs/part.c", "@@ -1 +1 @@\n-static int z(void) { return 1; }\n"
                                  "+static int z(void) { return 2; }\n"));
  ASSERT_EQ(unused.problems.size(), 1u);
  EXPECT_EQ(unused.problems[0].code, "KP1004");
}

TEST_F(Driver, CountsAFileOfALargeChangeThatNoUnitIncludesAsNotInTheKernel) {
  kernel_.put("source/fs/part.c", "static int z(void) { return 1; }\n");
  kernel_.put("source/fs/x.c", "#if 0\n#include \"part.c\"\n#endif\nint x;\n");
  before_ = kernel_.files("source");
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file,
             patch_of("fs/part.c", "@@ -1 +1 @@\n-static int z(void) { return 1; }\n"
                                   "+static int z(void) { return 2; }\n"));
  const BuildResult result =
      build_with({.patches = {file}, .leave_out = patch::Grain::kFile});
  EXPECT_EQ(result.outcome, BuildOutcome::kNotAffected) << result.message;
  EXPECT_TRUE(result.needs_reboot.empty());
  ASSERT_EQ(result.left_out.size(), 1u);
  EXPECT_EQ(result.left_out[0].why, patch::WhyLeftOut::kUnread);
}

TEST_F(Driver, LeavesOutKconfigLinesThatChangeNoOptionOfTheKernel) {
  kernel_.put("source/fs/Kconfig", "config OFF\n\tbool \"Off\"\n");
  before_ = kernel_.files("source");
  const BuildResult result = build(patch_of(
      "fs/Kconfig", "@@ -2 +2,2 @@\n \tbool \"Off\"\n+\tdepends on SOMETHING\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
  ASSERT_EQ(result.left_out.size(), 1u);
  EXPECT_EQ(result.left_out[0].why, patch::WhyLeftOut::kSameOptions);
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

TEST_F(Driver, FindsNothingToDoInDocumentation) {
  kernel_.put("source/README", "a\n");
  before_ = kernel_.files("source");
  const BuildResult result = build(patch_of("README", "@@ -1 +1 @@\n-a\n+b\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange);
  EXPECT_EQ(result.message, "no changed objects found");
}

TEST_F(Driver, SaysThatTheKernelIsNotAffected) {
  kernel_.put("source/fs/off.c", "int off;\n");
  kernel_.put("source/fs/Makefile", "obj-y += x.o y.o\nobj-$(CONFIG_OFF) += off.o\n");
  before_ = kernel_.files("source");
  const std::string change = patch_of("fs/off.c", "@@ -1 +1 @@\n-int off;\n+int on;\n");
  const BuildResult result =
      build(change + "--- /dev/null\n+++ b/fs/off.h\n@@ -0,0 +1 @@\n+int n;\n" +
            patch_of("Documentation/none.rst", "@@ -1 +1 @@\n-a\n+b\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kRefused); // who includes the new header?
  const BuildResult without =
      build(change + patch_of("Documentation/none.rst", "@@ -1 +1 @@\n-a\n+b\n"));
  EXPECT_EQ(without.outcome, BuildOutcome::kNotAffected) << without.message;
  EXPECT_EQ(without.message, "the patch does not affect this kernel\n"
                             "fs/off.c: CONFIG_OFF is off in this kernel");
  EXPECT_EQ(without.left_out.size(), 2u);
  EXPECT_NE(said_.find("NOTICE: Documentation/none.rst: left out: no kernel is built"),
            std::string::npos)
      << said_;
}

TEST_F(Driver, TakesANewHeaderOfWhatIsLeftOut) {
  kernel_.put("source/fs/off.c", "int off;\n");
  before_ = kernel_.files("source");
  const BuildResult result =
      build(patch_of("fs/off.c", "@@ -1 +1 @@\n-int off;\n+#include \"new.h\"\n") +
            "--- /dev/null\n+++ b/fs/new.h\n@@ -0,0 +1 @@\n+int n;\n");
  EXPECT_EQ(result.outcome, BuildOutcome::kNotAffected) << result.message;
}

TEST_F(Driver, LeavesTheNumberOfTheVersionAsItIs) {
  kernel_.put("source/Makefile", "VERSION = 6\nSUBLEVEL = 7\n");
  before_ = kernel_.files("source");
  const BuildResult result =
      build(patch_of("Makefile", "@@ -1,2 +1,2 @@\n VERSION = 6\n-SUBLEVEL = 1\n"
                                 "+SUBLEVEL = 2\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
  EXPECT_NE(said_.find("NOTICE: Makefile: left out: the running kernel keeps"),
            std::string::npos)
      << said_;
  EXPECT_EQ(build(patch_of("Makefile", "@@ -2 +2 @@\n-SUBLEVEL = 7\n"
                                       "+SUBLEVEL = $(shell id)\n"))
                .outcome,
            BuildOutcome::kRefused);
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

const char* const kBrokenX = "@@ -4 +4 @@\n-int same(int x) { return x + 1; }\n"
                             "+int same(int x) { return q; }\n";
const char* const kCommentInY =
    "@@ -1 +1 @@\n-int y(void) { return 1; }\n+int y(void) { return 1; } // y\n";

/// What became of the parts that are left out: "change<unit" and a '+' where it is a
/// consequence of another.
std::vector<std::string> left_for_reboot(const BuildResult& result) {
  std::vector<std::string> parts;
  for (const patch::LeftForReboot& part : result.needs_reboot)
    parts.push_back(part.change + "<" + part.unit + (part.is_consequence ? "+" : ""));
  return parts;
}

TEST_F(Driver, LeavesOutTheFileThatCannotBePatchedAndNothingElse) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, patch_of("fs/x.c", kBrokenX) + patch_of("fs/y.c", kCommentInY));
  const BuildResult result =
      build_with({.patches = {file}, .leave_out = patch::Grain::kFile});
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
  EXPECT_THAT(left_for_reboot(result), testing::ElementsAre("fs/x.c<fs/x.c"));
  EXPECT_THAT(result.needs_reboot.at(0).reason, testing::HasSubstr("fs/x.c:4:"));
  EXPECT_THAT(said_, testing::HasSubstr("NOTICE: fs/x.c: needs a reboot, left out: "));
  EXPECT_THAT(said_, testing::HasSubstr("2 units to compile\n"));
  EXPECT_THAT(said_, testing::HasSubstr("0 units to compile, 1 as compiled before\n"));
}

TEST_F(Driver, TakesARefusalForAConsequenceOnlyIfTheUnitHasPassedBefore) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, "--- /dev/null\n+++ b/fs/Kconfig\n@@ -0,0 +1 @@\n+config X\n" +
                       patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                                          "+int y(void) { return 2; }\n"));
  const BuildResult result =
      build_with({.patches = {file}, .leave_out = patch::Grain::kFile});
  EXPECT_THAT(left_for_reboot(result),
              testing::ElementsAre("fs/Kconfig<fs/Kconfig", "fs/y.c<fs/y.c"));
}

TEST_F(Driver, LeavesOutTheFileThatIsNamedAndNothingElse) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, patch_of("fs/x.c", kBrokenX) + patch_of("fs/y.c", kCommentInY));
  const BuildResult result = build_with({.patches = {file}, .unwanted = {"fs/x.c"}});
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
  EXPECT_THAT(left_for_reboot(result), testing::ElementsAre("fs/x.c<"));
  EXPECT_EQ(result.needs_reboot.at(0).reason, "it is named by --leave-out");

  const BuildResult broken = build_with({.patches = {file}, .unwanted = {"fs/y.c"}});
  EXPECT_EQ(broken.outcome, BuildOutcome::kFailed); // what is refused is not named
  EXPECT_THAT(broken.message, testing::HasSubstr("does not compile"));
}

TEST_F(Driver, LeavesOutThePatchThatIsNamedWithThoseThatNeedIt) {
  const fs::path series = kernel_.root.path() / "quilt";
  fs::create_directories(series);
  const std::string change = "@@ -4 +4 @@\n-int same(int x) { return x + 1; }\n"
                             "+int same(int x) { return x + 2; }\n";
  const std::string more = "@@ -4 +4 @@\n-int same(int x) { return x + 2; }\n"
                           "+int same(int x) { return x + 3; }\n";
  write_file(series / "series", std::string_view("first.patch\nneeds-it.patch\n"
                                                 "alone.patch\n"));
  write_file(series / "first.patch", patch_of("fs/x.c", change));
  write_file(series / "needs-it.patch", patch_of("fs/x.c", more));
  write_file(series / "alone.patch", patch_of("fs/y.c", kCommentInY));
  BuildOptions options{.series = {series}, .unwanted = {"first.patch"}};
  const BuildResult alone = build_with(options);
  EXPECT_EQ(alone.outcome, BuildOutcome::kFailed);
  EXPECT_THAT(alone.message, testing::HasSubstr("needs-it.patch"));

  options.leave_out = patch::Grain::kPatch;
  const BuildResult result = build_with(options);
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
  EXPECT_THAT(left_for_reboot(result),
              testing::ElementsAre("first.patch<", "needs-it.patch<needs-it.patch+"));
}

TEST_F(Driver, RefusesToLeaveOutWhatIsNotThere) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, patch_of("fs/y.c", kCommentInY));
  for (const char* name : {"fs/z.c", "no_such_function"}) {
    const BuildResult result = build_with({.patches = {file}, .unwanted = {name}});
    EXPECT_EQ(result.outcome, BuildOutcome::kFailed);
    EXPECT_EQ(result.message, "--leave-out: the change has nothing that is called '" +
                                  std::string(name) + "'");
  }
}

TEST_F(Driver, LeavesOutAHeaderForAllOfItsUsersOrForNone) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, patch_of("include/label.h", "@@ -1 +1,2 @@\n-#define LABEL \"label\"\n"
                                               "+#define LABEL q\n+#define NEWER 1\n") +
                       patch_of("fs/y.c", "@@ -1 +1,2 @@\n-int y(void) { return 1; }\n"
                                          "+#include \"label.h\"\n"
                                          "+int y(void) { return NEWER; }\n"));
  const BuildResult result =
      build_with({.patches = {file}, .leave_out = patch::Grain::kFile});
  EXPECT_THAT(left_for_reboot(result),
              testing::ElementsAre("include/label.h<fs/x.c", "fs/y.c<fs/y.c+"));
  EXPECT_EQ(result.outcome, BuildOutcome::kRefused);
  EXPECT_EQ(result.message, "Nothing of the change can be patched live");
}

TEST_F(Driver, LeavesOutWholePatchesOfASeriesAndThoseThatNeedThem) {
  const fs::path series = kernel_.root.path() / "quilt";
  fs::create_directories(series);
  write_file(series / "series",
             "broken.patch\nneeds-it.patch # later\nalone.patch -p1\n");
  write_file(series / "broken.patch",
             "From: a\nSubject: [PATCH 1/3] fs: fix\n it\n\nCVE-2026-12345\n---\n" +
                 patch_of("fs/x.c", kBrokenX));
  write_file(series / "needs-it.patch",
             patch_of("fs/x.c", "@@ -4 +4 @@\n-int same(int x) { return q; }\n"
                                "+int same(int x) { return q + 1; }\n"));
  write_file(series / "alone.patch", patch_of("fs/y.c", kCommentInY));
  const BuildResult result =
      build_with({.series = {series}, .leave_out = patch::Grain::kPatch});
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
  EXPECT_THAT(left_for_reboot(result),
              testing::ElementsAre("needs-it.patch<fs/x.c", "broken.patch<fs/x.c"));
  EXPECT_EQ(result.needs_reboot.at(1).subject, "fs: fix it");
  EXPECT_THAT(result.needs_reboot.at(1).fixes, testing::ElementsAre("CVE-2026-12345"));
}

} // namespace
} // namespace kpatch::produce
