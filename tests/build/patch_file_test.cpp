// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "build/patch_file.h"

#include <gtest/gtest.h>

#include <string>

namespace kpatch::build {
namespace {

constexpr const char* kMeminfo = "Subject: shout\n"
                                 "\n"
                                 "---\n"
                                 " fs/proc/meminfo.c | 2 +-\n"
                                 "\n"
                                 "diff --git a/fs/proc/meminfo.c b/fs/proc/meminfo.c\n"
                                 "index 1234567..89abcde 100644\n"
                                 "--- a/fs/proc/meminfo.c\n"
                                 "+++ b/fs/proc/meminfo.c\n"
                                 "@@ -10,3 +10,3 @@ static int meminfo_proc_show(void)\n"
                                 " one\n"
                                 "-two\n"
                                 "+TWO\n"
                                 " three\n"
                                 "-- \n"
                                 "2.39.5\n";

std::string complaint(const std::string& text) {
  try {
    parse_patch(text, "x.patch");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string patch_of(const std::string& old_name, const std::string& new_name,
                     const std::string& hunk = "@@ -1 +1 @@\n-a\n+b\n") {
  return "--- " + old_name + "\n+++ " + new_name + "\n" + hunk;
}

TEST(ParsePatch, ReadsAMailedGitPatch) {
  const PatchFile patch = parse_patch(kMeminfo, "x.patch");
  ASSERT_EQ(patch.changes.size(), 1u);
  const FileChange& change = patch.changes[0];
  EXPECT_EQ(change.old_path, "fs/proc/meminfo.c");
  EXPECT_EQ(change.new_path, "fs/proc/meminfo.c");
  ASSERT_EQ(change.hunks.size(), 1u);
  EXPECT_EQ(change.hunks[0].old_start, 10u);
  EXPECT_EQ(change.hunks[0].line, 10u);
  const std::vector<std::string> lines{" one", "-two", "+TWO", " three"};
  EXPECT_EQ(change.hunks[0].lines, lines);
}

TEST(ParsePatch, ReadsSeveralFilesAndDatesAfterATab) {
  const PatchFile patch =
      parse_patch(patch_of("linux/a/x.c\t2026-01-01 10:00:00", "linux.new/a/x.c\t2026") +
                      patch_of("a/b/y.c", "b/b/y.c"),
                  "x.patch");
  ASSERT_EQ(patch.changes.size(), 2u);
  EXPECT_EQ(patch.changes[0].new_path, "a/x.c");
  EXPECT_EQ(patch.changes[1].new_path, "b/y.c");
}

TEST(ParsePatch, KnowsNewAndRemovedFiles) {
  const PatchFile patch =
      parse_patch(patch_of("/dev/null", "b/new.h", "@@ -0,0 +1 @@\n+x\n") +
                      patch_of("a/old.h", "/dev/null", "@@ -1 +0,0 @@\n-x\n"),
                  "x.patch");
  ASSERT_EQ(patch.changes.size(), 2u);
  EXPECT_TRUE(patch.changes[0].is_new());
  EXPECT_EQ(patch.changes[0].new_path, "new.h");
  EXPECT_TRUE(patch.changes[1].is_removed());
  EXPECT_EQ(patch.changes[1].old_path, "old.h");
}

TEST(ParsePatch, TakesAnEmptyOldSideForANewFile) {
  const PatchFile patch = parse_patch(
      patch_of("old/new.h\t1970-01-01", "new/new.h\t2026", "@@ -0,0 +1 @@\n+x\n"),
      "x.patch");
  EXPECT_TRUE(patch.changes[0].is_new());
}

TEST(ParsePatch, KnowsEmptyFilesOfGit) {
  const PatchFile patch = parse_patch("diff --git a/e/empty.h b/e/empty.h\n"
                                      "new file mode 100644\n"
                                      "index 0000000..e69de29\n"
                                      "diff --git a/x.c b/x.c\n" +
                                          patch_of("a/x.c", "b/x.c"),
                                      "x.patch");
  ASSERT_EQ(patch.changes.size(), 2u);
  EXPECT_TRUE(patch.changes[0].is_new());
  EXPECT_EQ(patch.changes[0].new_path, "e/empty.h");
}

TEST(ParsePatch, RemovedLinesThatLookLikeHeadersStayLines) {
  const PatchFile patch = parse_patch(
      patch_of("a/x.c", "b/x.c", "@@ -1,2 +1,2 @@\n--- a/y.c\n+++ b/z.c\n x\n"),
      "x.patch");
  ASSERT_EQ(patch.changes.size(), 1u);
  EXPECT_EQ(patch.changes[0].hunks[0].lines.size(), 3u);
}

TEST(ParsePatch, TakesBareEmptyLinesAndLineEndsOfMailers) {
  const PatchFile patch = parse_patch(
      "--- a/x.c\r\n+++ b/x.c\r\n@@ -1,2 +1,2 @@\r\n\r\n-a\r\n+b\r\n", "x.patch");
  const std::vector<std::string> lines{" ", "-a", "+b"};
  EXPECT_EQ(patch.changes[0].hunks[0].lines, lines);
}

TEST(ParsePatch, KeepsTheMarkOfAMissingLastLineEnd) {
  const PatchFile patch =
      parse_patch(patch_of("a/x.c", "b/x.c",
                           "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
                           "\\ No newline at end of file\n"),
                  "x.patch");
  EXPECT_EQ(patch.changes[0].hunks[0].lines.size(), 4u);
}

TEST(ParsePatch, RefusesPathsThatLeaveTheTree) {
  for (const char* name :
       {"/etc/passwd", "a/../../etc/passwd", "a/x/../../../etc/passwd", "a/..",
        "../../x.c", "a//../x", "a/./../x.c", "a/x/..", "a/dir/"})
    EXPECT_NE(complaint(patch_of(name, name)).find("line 1:"), std::string::npos) << name;
  EXPECT_NE(complaint(patch_of("/dev/null", "b/../../x", "@@ -0,0 +1 @@\n+x\n"))
                .find("not a path inside the source tree"),
            std::string::npos);
  EXPECT_NE(complaint("diff --git a/../x b/../x\nnew file mode 100644\nindex 0..1\n")
                .find("not a path inside the source tree"),
            std::string::npos);
}

TEST(ParsePatch, RefusesNamesWithoutAComponentToStrip) {
  EXPECT_EQ(complaint(patch_of("x.c", "x.c")),
            "x.patch: line 1: 'x.c' has no path component to strip");
}

TEST(ParsePatch, RefusesControlCharactersAndQuotedNames) {
  EXPECT_NE(complaint(patch_of("a/x\x01.c", "b/x\x01.c")), "no error");
  EXPECT_NE(complaint(patch_of("\"a/x\\303.c\"", "\"b/x\\303.c\"")), "no error");
}

TEST(ParsePatch, RefusesWhatItCannotMeanHere) {
  const std::string git = "diff --git a/x.c b/y.c\n";
  EXPECT_NE(complaint(git + "rename from x.c\nrename to y.c\n").find("renames a file"),
            std::string::npos);
  EXPECT_NE(complaint(git + "GIT binary patch\n").find("binary"), std::string::npos);
  EXPECT_NE(complaint(git + "new file mode 120000\n").find("symbolic link"),
            std::string::npos);
  EXPECT_NE(
      complaint("*** a/x.c\n--- b/x.c\n***************\n*** 1 ****\n").find("diff -u"),
      std::string::npos);
}

TEST(ParsePatch, RefusesHunksThatDoNotCountUp) {
  const std::string start = "--- a/x.c\n+++ b/x.c\n";
  EXPECT_EQ(complaint(start + "@@ -1,3 +1,3 @@\n x\n"),
            "x.patch: line 3: the hunk ends before all its lines are there");
  EXPECT_EQ(complaint(start + "@@ -1,2 +1,1 @@\n x\n+y\n"),
            "x.patch: line 5: more lines than the hunk's header says");
  EXPECT_EQ(complaint(start + "@@ -1,2 +1,2 @@\n x\n?\n"),
            "x.patch: line 5: neither context nor a removed or added line");
  EXPECT_NE(complaint(start + "@@ -99999999999999999999 +1 @@\n"), "no error");
  EXPECT_NE(complaint(start + "@@ garbage\n"), "no error");
  EXPECT_NE(complaint("@@ -1 +1 @@\n-a\n+b\n"), "no error");
}

TEST(ParsePatch, RefusesTextWithoutAnyChange) {
  EXPECT_EQ(complaint("hello\n"),
            "x.patch: there is no change in unified diff format in it");
  EXPECT_NE(complaint(""), "no error");
  EXPECT_NE(complaint("diff --git a/x.c b/x.c\nold mode 100644\nnew mode 100755\n"),
            "no error");
}

} // namespace
} // namespace kpatch::build
