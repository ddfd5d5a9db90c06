// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/driver_of_fake_kernel.h"

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

class DriverLeaveOut : public Driver {};

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

TEST_F(DriverLeaveOut, LeavesOutTheFileThatCannotBePatchedAndNothingElse) {
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

TEST_F(DriverLeaveOut, TakesARefusalForAConsequenceOnlyIfTheUnitHasPassedBefore) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, "--- /dev/null\n+++ b/fs/Kconfig\n@@ -0,0 +1 @@\n+config X\n" +
                       patch_of("fs/y.c", "@@ -1 +1 @@\n-int y(void) { return 1; }\n"
                                          "+int y(void) { return 2; }\n"));
  const BuildResult result =
      build_with({.patches = {file}, .leave_out = patch::Grain::kFile});
  EXPECT_THAT(left_for_reboot(result),
              testing::ElementsAre("fs/Kconfig<fs/Kconfig", "fs/y.c<fs/y.c"));
}

TEST_F(DriverLeaveOut, LeavesOutTheFileThatIsNamedAndNothingElse) {
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

TEST_F(DriverLeaveOut, LeavesOutThePatchThatIsNamedWithThoseThatNeedIt) {
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

TEST_F(DriverLeaveOut, RefusesToLeaveOutWhatIsNotThere) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, patch_of("fs/y.c", kCommentInY));
  for (const char* name : {"fs/z.c", "no_such_function"}) {
    const BuildResult result = build_with({.patches = {file}, .unwanted = {name}});
    EXPECT_EQ(result.outcome, BuildOutcome::kFailed);
    EXPECT_EQ(result.message, "--leave-out: the change has nothing that is called '" +
                                  std::string(name) + "'");
  }
}

TEST_F(DriverLeaveOut, LeavesOutAHeaderForAllOfItsUsersOrForNone) {
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

TEST_F(DriverLeaveOut, LeavesOutTheHeaderInWhichTheErrorIsAndNotItsUser) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file, patch_of("include/label.h",
                            "@@ -1 +1,2 @@\n #define LABEL \"label\"\n"
                            "+static inline int broken(void) { return q; }\n") +
                       patch_of("fs/y.c", "@@ -1 +1,2 @@\n-int y(void) { return 1; }\n"
                                          "+#include \"label.h\"\n"
                                          "+int y(void) { return 1; } // y\n"));
  const BuildResult result =
      build_with({.patches = {file}, .leave_out = patch::Grain::kFile});
  EXPECT_THAT(left_for_reboot(result), testing::ElementsAre("include/label.h<fs/y.c"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
}

TEST_F(DriverLeaveOut, TakesAUnitInAgainThatFailsForAHeader) {
  const fs::path file = kernel_.root.path() / "x.patch";
  write_file(file,
             patch_of("include/label.h",
                      "@@ -1 +1 @@\n-#define LABEL \"label\"\n+#define OTHER 1\n") +
                 patch_of("fs/x.c", "@@ -4 +4 @@\n-int same(int x) { return x + 1; }\n"
                                    "+int same(int x) { return x + 1; } // x\n"));
  const BuildResult result =
      build_with({.patches = {file}, .leave_out = patch::Grain::kFile});
  EXPECT_THAT(left_for_reboot(result), testing::ElementsAre("include/label.h<fs/x.c"));
  EXPECT_EQ(result.outcome, BuildOutcome::kNoChange) << result.message;
  EXPECT_THAT(said_, testing::HasSubstr("fs/x.c: its change is in again: "));
}

TEST_F(DriverLeaveOut, LeavesOutWholePatchesOfASeriesAndThoseThatNeedThem) {
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
