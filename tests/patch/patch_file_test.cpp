// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "patch/patch_file.h"

#include <gtest/gtest.h>

#include <string>

namespace kpatch::patch {
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

TEST(ParsePatch, TakesAFileOfNoDateForARemovedOne) {
  const auto is_removed = [](const std::string& date) {
    return parse_patch(patch_of("a/x.h", "b/x.h\t" + date, "@@ -1 +0,0 @@\n-x\n"), "x")
        .changes.at(0)
        .is_removed();
  };
  EXPECT_TRUE(is_removed("1970-01-01 00:00:00.000000000 +0000"));
  EXPECT_TRUE(is_removed("1969-12-31 16:00:00.000000000 -0800"));
  EXPECT_FALSE(is_removed("2026-11-10 00:00:00.000000000 +0000")); // it is empty now
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

TEST(ParsePatch, SpellsPathsInOneWay) {
  for (const char* name : {"a/fs//proc/x.c", "a/./fs/proc/x.c", "a//fs/./proc//x.c",
                           "./fs/proc/x.c", "a/fs/proc/././x.c"}) {
    const PatchFile patch = parse_patch(patch_of(name, name), "x.patch");
    EXPECT_EQ(patch.changes[0].new_path, "fs/proc/x.c") << name;
  }
}

TEST(ParsePatch, RefusesNamesWithAMeaningForMakeAndShells) {
  for (const char* name :
       {"a/x;id>&2;b.c", "a/$(id).c", "a/x y.c", "a/`id`.c", "a/x\\.c", "a/x*.c",
        "a/x:y.c", "a/x#.c", "a/x%.c", "a/x=y.c", "a/x\xc3\xa9.c", "a/x'.c", "a/~x.c"})
    EXPECT_NE(complaint(patch_of(name, name)).find("the name of the file"),
              std::string::npos)
        << name;
  EXPECT_NE(complaint("diff --git a/x.c b/x;y.c\nrename from x.c\nrename to x;y.c\n")
                .find("the name of the file"),
            std::string::npos);
}

ChangeKind kind_of(const std::string& lines) {
  const PatchFile patch = parse_patch("diff --git a/x b/x\n" + lines, "x.patch");
  EXPECT_EQ(patch.changes.size(), 1u);
  return patch.changes[0].kind;
}

TEST(ParsePatch, KnowsWhatGitSaysBesidesLines) {
  EXPECT_EQ(kind_of("rename from x\nrename to y\n"), ChangeKind::kRename);
  EXPECT_EQ(kind_of("copy from x\ncopy to y\n"), ChangeKind::kCopy);
  EXPECT_EQ(kind_of("index 1..2 100644\nGIT binary patch\nliteral 1\nIcmZQz\n\n"),
            ChangeKind::kBinary);
  EXPECT_EQ(kind_of("Binary files a/x and b/x differ\n"), ChangeKind::kBinary);
  EXPECT_EQ(kind_of("old mode 100644\nnew mode 100755\n"), ChangeKind::kMode);
  EXPECT_EQ(kind_of("new file mode 160000\n"), ChangeKind::kSubmodule);
  const std::string hunk = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
  EXPECT_EQ(kind_of("index 1..2 120000\n" + hunk), ChangeKind::kLink);
  EXPECT_EQ(kind_of("old mode 100644\nnew mode 100755\n" + hunk), ChangeKind::kLines);
}

TEST(ParsePatch, KnowsTheNamesOfARenameWithLines) {
  const PatchFile patch =
      parse_patch("diff --git a/d/x.c b/d/y.c\nsimilarity index 90%\n"
                  "rename from d/x.c\nrename to d/y.c\nindex 1..2 100644\n" +
                      patch_of("a/d/x.c", "b/d/y.c"),
                  "x.patch");
  ASSERT_EQ(patch.changes.size(), 1u);
  EXPECT_EQ(patch.changes[0].old_path, "d/x.c");
  EXPECT_EQ(patch.changes[0].new_path, "d/y.c");
  EXPECT_EQ(patch.changes[0].hunks.size(), 1u);
}

TEST(ParsePatch, DoesNotTakeTheNextFileForPartOfARename) {
  const PatchFile patch = parse_patch("diff --git a/D/x b/D/y\nsimilarity index 100%\n"
                                      "rename from D/x\nrename to D/y\n" +
                                          patch_of("a/fs/z.c", "b/fs/z.c"),
                                      "x.patch");
  ASSERT_EQ(patch.changes.size(), 2u);
  EXPECT_EQ(patch.changes[0].kind, ChangeKind::kRename);
  EXPECT_TRUE(patch.changes[0].hunks.empty());
  EXPECT_EQ(patch.changes[1].kind, ChangeKind::kLines);
  EXPECT_EQ(patch.changes[1].new_path, "fs/z.c");
}

TEST(ParsePatch, TakesAByteOrderMark) {
  const PatchFile patch =
      parse_patch("\xEF\xBB\xBF" + patch_of("a/x.c", "b/x.c"), "x.patch");
  EXPECT_EQ(patch.changes.size(), 1u);
}

TEST(ParsePatch, NamesTheEncodingOfAMail) {
  const std::string header = "Content-Transfer-Encoding: Quoted-Printable\n\n";
  const std::string encoded = patch_of("a/x.c", "b/x.c", "@@ -1 +1 @@\n-a =3D 1;\n+b\n");
  EXPECT_NE(complaint(header + encoded).find("quoted-printable"), std::string::npos);
  EXPECT_NE(complaint(encoded).find("quoted-printable"), std::string::npos);
  EXPECT_NE(
      complaint("Content-transfer-encoding: base64\n\nLS0tIGEveC5jCg==\n").find("base64"),
      std::string::npos);
}

TEST(ParsePatch, TakesAMailThatWasDecodedButForItsHeader) {
  const std::string header = "Content-Transfer-Encoding: quoted-printable\n\n";
  EXPECT_EQ(complaint(header + patch_of("a/x.c", "b/x.c")), "no error");
  EXPECT_EQ(
      complaint(header + patch_of("a/x.c", "b/x.c", "@@ -1 +1 @@\n-a =0x1;\n+a = 2;\n")),
      "no error");
  EXPECT_EQ(complaint(patch_of("a/x.c", "b/x.c", "@@ -1 +1 @@\n-a =20;\n+a =21;\n")),
            "no error");
}

TEST(ParsePatch, RefusesWhatOnlyPatchWouldTake) {
  const std::string good = patch_of("a/x.c", "b/x.c");
  EXPECT_NE(
      complaint("*** a/x.c\n--- b/x.c\n***************\n*** 1 ****\n").find("diff -u"),
      std::string::npos);
  EXPECT_NE(complaint(good + "diff a/y.c b/y.c\n12,13c12\n< a\n---\n> b\n")
                .find("without context"),
            std::string::npos);
  EXPECT_NE(complaint(good + "diff -e a/y.c b/y.c\n12c\nb\n.\n").find("ed script"),
            std::string::npos);
  EXPECT_NE(complaint("diff --cc x.c\nindex 1,2..3\n--- a/x.c\n+++ b/x.c\n"
                      "@@@ -1 -1 +1 @@@\n--a\n++b\n")
                .find("combined"),
            std::string::npos);
  EXPECT_NE(complaint("--- a/x.c\n+++ b/x.c\n@@@ -1 -1 +1 @@@\n--a\n++b\n").find("merge"),
            std::string::npos);
  EXPECT_NE(complaint(good + "  --- a/y.c\n  +++ b/y.c\n  @@ -1 +1 @@\n  -a\n  +b\n")
                .find("indented"),
            std::string::npos);
}

TEST(ParsePatch, NotesAnIndentedDiffOfTheMessage) {
  const PatchFile patch =
      parse_patch("Subject: x\n\n  --- a/y.c\n  +++ b/y.c\n  @@ -1 +1 @@\n  -a\n  +b\n" +
                      patch_of("a/x.c", "b/x.c"),
                  "x.patch");
  EXPECT_EQ(patch.changes.size(), 1u);
  EXPECT_EQ(patch.quoted, std::vector<std::size_t>{3});
}

TEST(ParsePatch, RefusesLinesBehindTheEndOfAHunk) {
  EXPECT_EQ(complaint(patch_of("a/x.c", "b/x.c", "@@ -1 +1 @@\n-a\n+b\n+c\n")),
            "x.patch: line 6: one line more than the header of the hunk at line 3 says");
  EXPECT_EQ(complaint(patch_of("a/x.c", "b/x.c", "@@ -1 +1 @@\n-a\n+b\n-- \n2.39\n")),
            "no error");
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
  EXPECT_EQ(complaint("hello\n"), "x.patch holds no change in unified diff format");
  EXPECT_NE(complaint(""), "no error");
}

} // namespace
} // namespace kpatch::patch
