// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/driver_of_fake_kernel.h"

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

class DriverReach : public Driver {};

TEST_F(DriverReach, CompilesTheUnitsThatUseAChangedHeader) {
  const BuildResult result = build(patch_of(
      "include/label.h", "@@ -1 +1 @@\n-#define LABEL \"label\"\n+#define LABEL z\n"));
  EXPECT_TRUE(result.message.starts_with("fs/x.c: the patched source does not compile"))
      << result.message;
  EXPECT_NE(said_.find("1 unit to compile\n"), std::string::npos);
}

TEST_F(DriverReach, CompilesNothingForAChangedCommentOfAHeader) {
  const BuildResult result = build(
      patch_of("include/label.h", "@@ -1 +1,2 @@\n-#define LABEL \"label\"\n+/* one */\n"
                                  "+#define LABEL\t\"label\" // two\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange);
  EXPECT_EQ(result.message, "no changed objects found");
  EXPECT_NE(said_.find("include/label.h: only comments and blanks are changed\n"),
            std::string::npos);
}

TEST_F(DriverReach, RefusesANewFileThatNothingIncludes) {
  const BuildResult result =
      build(patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+int y(void) { return 2; }\n") +
            "--- /dev/null\n+++ b/fs/new.c\n@@ -0,0 +1 @@\n+int n;\n");
  EXPECT_EQ(result.outcome, BuildOutcome::kRefused);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].code, "KP1007");
  EXPECT_EQ(result.problems[0].object, "fs/new.c");
}

TEST_F(DriverReach, NamesSourcesOfOtherImagesThatUseAHeader) {
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

TEST_F(DriverReach, TakesANewHeaderThatAUnitIncludes) {
  const BuildResult result =
      build(patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                               "+#include \"new.h\"\n") +
            "--- /dev/null\n+++ b/fs/new.h\n@@ -0,0 +1 @@\n+int y(void) { return Z; }\n");
  // It got as far as the compiler, which found the mistake in the new header.
  EXPECT_NE(result.message.find("fs/new.h:1:22: error: "), std::string::npos);
}

TEST_F(DriverReach, CompilesTheUnitThatIncludesATouchedSourceFile) {
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

TEST_F(DriverReach, RefusesASourceFileThatNoUnitIncludesAfterAll) {
  kernel_.put("source/fs/part.c", "static int z(void) { return 1; }\n");
  kernel_.put("source/fs/x.c", "#if 0\n#include \"part.c\"\n#endif\nint x;\n");
  before_ = kernel_.files("source");
  const BuildResult unused =
      build(patch_of("fs/part.c", "@@ -1 +1 @@\n-static int z(void) { return 1; }\n"
                                  "+static int z(void) { return 2; }\n"));
  ASSERT_EQ(unused.problems.size(), 1u);
  EXPECT_EQ(unused.problems[0].code, "KP1004");
}

TEST_F(DriverReach, CountsAFileOfALargeChangeThatNoUnitIncludesAsNotInTheKernel) {
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

TEST_F(DriverReach, LeavesOutKconfigLinesThatChangeNoOptionOfTheKernel) {
  kernel_.put("source/fs/Kconfig", "config OFF\n\tbool \"Off\"\n");
  before_ = kernel_.files("source");
  const BuildResult result = build(patch_of(
      "fs/Kconfig", "@@ -2 +2,2 @@\n \tbool \"Off\"\n+\tdepends on SOMETHING\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
  ASSERT_EQ(result.left_out.size(), 1u);
  EXPECT_EQ(result.left_out[0].why, patch::WhyLeftOut::kSameOptions);
}

TEST_F(DriverReach, FindsNothingToDoInDocumentation) {
  kernel_.put("source/README", "a\n");
  before_ = kernel_.files("source");
  const BuildResult result = build(patch_of("README", "@@ -1 +1 @@\n-a\n+b\n"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange);
  EXPECT_EQ(result.message, "no changed objects found");
}

TEST_F(DriverReach, SaysThatTheKernelIsNotAffected) {
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

TEST_F(DriverReach, TakesANewHeaderOfWhatIsLeftOut) {
  kernel_.put("source/fs/off.c", "int off;\n");
  before_ = kernel_.files("source");
  const BuildResult result =
      build(patch_of("fs/off.c", "@@ -1 +1 @@\n-int off;\n+#include \"new.h\"\n") +
            "--- /dev/null\n+++ b/fs/new.h\n@@ -0,0 +1 @@\n+int n;\n");
  EXPECT_EQ(result.outcome, BuildOutcome::kNotAffected) << result.message;
}

TEST_F(DriverReach, LeavesTheNumberOfTheVersionAsItIs) {
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

} // namespace
} // namespace kpatch::produce
