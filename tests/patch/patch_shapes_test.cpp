// SPDX-License-Identifier: GPL-2.0-or-later
//
// Patches in every shape that patch(1) takes: what is read here is what patch -p1 makes
// of the same tree, file for file and byte for byte, or it is refused.
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "patch/patch_apply.h"
#include "patch/patched_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace kpatch::patch {
namespace {
namespace fs = std::filesystem;

using Tree = std::map<std::string, std::string>;

const Tree kTree = {
    {"fs/inode.c", "a1\na2\na3\na4\na5\na6\na7\na8\na9\n"},
    {"fs/open.c", "b1\nb2\nb3\nb4\nb5\nb6\nb7\nb8\nb9\n"},
    {"fs/last.c", "c1\nc2\nc3"},
    {"fs/returns.c", "d1\r\nd2\r\nd3\r\n"},
    {"fs/one.c", "e1\n"},
    {"fs/empty.h", ""},
};

constexpr std::string_view kHunk = "@@ -1,4 +1,4 @@\n a1\n-a2\n+A2\n a3\n a4\n";
constexpr std::string_view kOpenHunk = "@@ -1,4 +1,4 @@\n b1\n-b2\n+B2\n b3\n b4\n";

enum class Wanted { kSame, kRefused };

struct Shape {
  const char* name;
  std::string text;
  Wanted wanted = Wanted::kSame;
};

std::string of(const std::string& old_name, const std::string& new_name,
               std::string_view hunk = kHunk) {
  return "--- " + old_name + "\n+++ " + new_name + "\n" + std::string(hunk);
}

const std::string kInode = of("a/fs/inode.c", "b/fs/inode.c");
const std::string kOpen = of("a/fs/open.c", "b/fs/open.c", kOpenHunk);

std::string with_returns(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.replace(at, 1, "\r\n");
  return text;
}

std::string indented(const std::string& text) {
  std::string result = "  " + text;
  for (std::size_t at = 0; (at = result.find('\n', at)) + 1 < result.size(); at += 3)
    result.insert(at + 1, "  ");
  return result;
}

const Shape kShapes[] = {
    {"Plain", kInode},
    {"TwoSlashes", of("a//fs/inode.c", "b//fs/inode.c")},
    {"TwoSlashesInside", of("a/fs//inode.c", "b/fs//inode.c")},
    {"DotInside", of("a/./fs/inode.c", "b/fs/./inode.c")},
    {"DotInFront", of("./fs/inode.c", "./fs/inode.c")},
    {"DatesBehindTabs", of("linux/fs/inode.c\t2026-01-02 03:04:05.000 +0100",
                           "new/fs/inode.c\t2026-01-02 03:04:06.000 +0100")},
    {"DatesBehindBlanks",
     of("a/fs/inode.c 2026-01-02 03:04:05.000 +0100",
        "b/fs/inode.c 2026-01-02 03:04:06.000 +0100"),
     Wanted::kRefused},
    {"OldDatesOfBsd", of("a/fs/inode.c\tSat Jan  2 03:04:05 2026",
                         "b/fs/inode.c\tSat Jan  2 03:04:06 2026")},
    {"RevisionsOfSubversion",
     "Index: fs/inode.c\n" + std::string(67, '=') + "\n" +
         of("a/fs/inode.c\t(revision 1)", "b/fs/inode.c\t(working copy)")},
    {"IndexLineOfQuilt", "Index: linux/fs/inode.c\n" + std::string(67, '=') + "\n" +
                             of("linux.orig/fs/inode.c", "linux/fs/inode.c")},
    {"OtherIndexLine", "Index: linux/fs/open.c\n" + kInode},
    {"OnlyIndexLine", "Index: linux/fs/inode.c\n" + std::string(kHunk), Wanted::kRefused},
    {"OnlyOldName", "--- a/fs/inode.c\n" + std::string(kHunk), Wanted::kRefused},
    {"OnlyNewName", "+++ b/fs/inode.c\n" + std::string(kHunk), Wanted::kRefused},
    {"OnlyGitHeader",
     "diff --git a/fs/inode.c b/fs/inode.c\nindex 1..2 100644\n" + std::string(kHunk),
     Wanted::kRefused},
    {"TextBetweenNames",
     "--- a/fs/inode.c\nsome text\n+++ b/fs/inode.c\n" + std::string(kHunk),
     Wanted::kRefused},
    {"TextBeforeHunk",
     "--- a/fs/inode.c\n+++ b/fs/inode.c\nsome text\n" + std::string(kHunk),
     Wanted::kRefused},
    {"EmptyLineBeforeHunk", "--- a/fs/inode.c\n+++ b/fs/inode.c\n\n" + std::string(kHunk),
     Wanted::kRefused},
    {"EmptyLineBetweenHunks", kInode + "\n@@ -7,3 +7,3 @@\n a7\n-a8\n+A8\n a9\n",
     Wanted::kRefused},
    {"TextBetweenHunks", kInode + "some text\n@@ -7,3 +7,3 @@\n a7\n-a8\n+A8\n a9\n",
     Wanted::kRefused},
    {"TwoHunks", kInode + "@@ -7,3 +7,3 @@\n a7\n-a8\n+A8\n a9\n"},
    {"TwoFiles", kInode + kOpen},
    {"TextBetweenFiles", kInode + "\nmore text\n\n" + kOpen},
    {"OneFileTwice", kInode + of("a/fs/inode.c", "b/fs/inode.c",
                                 "@@ -7,3 +7,3 @@\n a7\n-a8\n+A8\n a9\n")},
    {"OneFileTwiceAtOnePlace", kInode + of("a/fs/inode.c", "b/fs/inode.c",
                                           "@@ -1,3 +1,3 @@\n a1\n-A2\n+AA\n a3\n")},
    {"TwoMails", "Subject: [PATCH 1/2] x\n\n---\n" + kInode + "-- \n2.39.5\n\n" +
                     "Subject: [PATCH 2/2] y\n\n---\n" + kOpen + "-- \n2.39.5\n"},
    {"ReturnsOfMailers", with_returns(kInode)},
    {"ReturnsOfTheFile", of("a/fs/returns.c", "b/fs/returns.c",
                            "@@ -1,3 +1,3 @@\n d1\r\n-d2\r\n+D2\r\n d3\r\n")},
    {"ReturnsOfBoth",
     with_returns(
         of("a/fs/returns.c", "b/fs/returns.c", "@@ -1,3 +1,3 @@\n d1\n-d2\n+D2\n d3\n")),
     Wanted::kRefused},
    {"NoNewlineStays",
     of("a/fs/last.c", "b/fs/last.c",
        "@@ -1,3 +1,3 @@\n c1\n-c2\n+C2\n c3\n\\ No newline at end of file\n")},
    {"NoNewlineGoes",
     of("a/fs/last.c", "b/fs/last.c",
        "@@ -2,2 +2,2 @@\n c2\n-c3\n\\ No newline at end of file\n+C3\n")},
    {"NoNewlineComes", of("a/fs/one.c", "b/fs/one.c",
                          "@@ -1 +1 @@\n-e1\n+E1\n\\ No newline at end of file\n")},
    {"NoNewlineTranslated",
     of("a/fs/last.c", "b/fs/last.c",
        "@@ -2,2 +2,2 @@\n c2\n-c3\n\\ Kein Zeilenumbruch\n+C3\n")},
    {"NewFile", of("/dev/null", "b/fs/new.c", "@@ -0,0 +1,2 @@\n+n1\n+n2\n")},
    {"NewFileOfGit",
     "diff --git a/fs/new.c b/fs/new.c\nnew file mode 100644\nindex 000..111\n" +
         of("/dev/null", "b/fs/new.c", "@@ -0,0 +1 @@\n+n1\n")},
    {"NewFileOfDiff", of("a/fs/new.c\t1970-01-01 00:00:00.000000000 +0000",
                         "b/fs/new.c\t2026-01-01", "@@ -0,0 +1 @@\n+n1\n")},
    {"NewEmptyFile",
     "diff --git a/fs/new.h b/fs/new.h\nnew file mode 100644\nindex 000..e69\n"},
    {"RemovedFile", of("a/fs/one.c", "/dev/null", "@@ -1 +0,0 @@\n-e1\n")},
    {"RemovedFileOfGit",
     "diff --git a/fs/one.c b/fs/one.c\ndeleted file mode 100644\nindex 1..0\n" +
         of("a/fs/one.c", "/dev/null", "@@ -1 +0,0 @@\n-e1\n")},
    {"RemovedEmptyFile",
     "diff --git a/fs/empty.h b/fs/empty.h\ndeleted file mode 100644\nindex e69..0\n"},
    {"RemovedByDate",
     of("a/fs/one.c\t2026-01-01 00:00:00 +0000", "b/fs/one.c\t1970-01-01 00:00:00 +0000",
        "@@ -1 +0,0 @@\n-e1\n")},
    {"AllLinesRemoved", of("a/fs/one.c", "b/fs/one.c", "@@ -1 +0,0 @@\n-e1\n")},
    {"MadeAndChanged", of("/dev/null", "b/fs/new.c", "@@ -0,0 +1 @@\n+n1\n") +
                           of("a/fs/new.c", "b/fs/new.c", "@@ -1 +1 @@\n-n1\n+N1\n")},
    {"RemovedAndMade", of("a/fs/one.c", "/dev/null", "@@ -1 +0,0 @@\n-e1\n") +
                           of("/dev/null", "b/fs/one.c", "@@ -0,0 +1 @@\n+E1\n")},
    {"Renamed",
     "diff --git a/fs/one.c b/fs/two.c\nsimilarity index 100%\nrename from fs/one.c\n"
     "rename to fs/two.c\n"},
    {"RenamedAndChanged",
     "diff --git a/fs/inode.c b/fs/node.c\nsimilarity index 80%\nrename from fs/inode.c\n"
     "rename to fs/node.c\nindex 1..2 100644\n" +
         of("a/fs/inode.c", "b/fs/node.c")},
    {"Copied",
     "diff --git a/fs/inode.c b/fs/node.c\nsimilarity index 80%\ncopy from fs/inode.c\n"
     "copy to fs/node.c\nindex 1..2 100644\n" +
         of("a/fs/inode.c", "b/fs/node.c")},
    {"ModeAndLines", "diff --git a/fs/inode.c b/fs/inode.c\nold mode 100644\nnew mode "
                     "100755\nindex 1..2\n" +
                         kInode},
    {"QuotedName", of("\"a/fs/\\303.c\"", "\"b/fs/\\303.c\""), Wanted::kRefused},
    {"QuotedPlainName", of("\"a/fs/inode.c\"", "\"b/fs/inode.c\""), Wanted::kRefused},
    {"Backup", of("a/fs/inode.c.orig", "b/fs/inode.c")},
    {"BackupOfNew", of("a/fs/inode.c", "b/fs/inode.c.new")},
    {"OtherDirectories", of("linux-6.1.192/fs/inode.c", "linux-6.1.192-new/fs/inode.c")},
    {"LowerIndented", "text\n" + indented(kInode), Wanted::kRefused},
    {"IndentedBehind", kOpen + indented(kInode), Wanted::kRefused},
    {"ContextDiff",
     "*** a/fs/inode.c\t2026\n--- b/fs/inode.c\t2026\n***************\n*** 1,3 ****\n"
     "  a1\n! a2\n  a3\n--- 1,3 ----\n  a1\n! A2\n  a3\n",
     Wanted::kRefused},
    {"ContextDiffBehind",
     kOpen +
         "*** a/fs/inode.c\t2026\n--- b/fs/inode.c\t2026\n***************\n*** 1,3 ****\n"
         "  a1\n! a2\n  a3\n--- 1,3 ----\n  a1\n! A2\n  a3\n",
     Wanted::kRefused},
    {"PlainDiffBehind", kOpen + "Index: fs/inode.c\n2c2\n< a2\n---\n> A2\n",
     Wanted::kRefused},
    {"EdScriptBehind", kOpen + "Index: a/fs/inode.c\n2c\nA2\n.\n", Wanted::kRefused},
    {"EdDeletionBehind", kOpen + "Index: a/fs/inode.c\n2d\n", Wanted::kRefused},
    {"EdInsertionBehind", kOpen + "Index: a/fs/inode.c\n2i\nA2\n.\n", Wanted::kRefused},
    {"EdPointsBehind", kOpen + "Index: a/fs/inode.c\n2c\n..\n.\n2s/.//\n",
     Wanted::kRefused},
    {"NoEdScriptInTheMessage", "Subject: x\n\n2d\n3,4c\n\n" + kInode},
    {"CombinedDiff",
     "diff --cc fs/inode.c\nindex 1,2..3\n--- a/fs/inode.c\n+++ b/fs/inode.c\n"
     "@@@ -1,2 -1,2 +1,2 @@@\n  a1\n--a2\n++A2\n",
     Wanted::kRefused},
    {"StarsForDashes", "*** a/fs/inode.c\n+++ b/fs/inode.c\n" + std::string(kHunk),
     Wanted::kRefused},
    {"NoBlankOfEmptyLines",
     of("a/fs/inode.c", "b/fs/inode.c", "@@ -1,2 +1,3 @@\n a1\n+\n a2\n")},
    {"NoCount", of("a/fs/one.c", "b/fs/one.c", "@@ -1 +1 @@\n-e1\n+E1\n")},
    {"NoContext",
     of("a/fs/inode.c", "b/fs/inode.c", "@@ -2 +2 @@\n-a2\n+A2\n@@ -5,0 +6 @@\n+A55\n")},
    {"NoBlanksInHeader", of("a/fs/one.c", "b/fs/one.c", "@@ -1 +1@@\n-e1\n+E1\n"),
     Wanted::kRefused},
    {"HeaderWithoutItsEnd", of("a/fs/one.c", "b/fs/one.c", "@@ -1 +1\n-e1\n+E1\n"),
     Wanted::kRefused},
    {"LinesBehindTheEnd", kInode + "+more\n", Wanted::kRefused},
    {"TabsForBlanks",
     of("a/fs/inode.c", "b/fs/inode.c", "@@ -1,3 +1,3 @@\n\ta1\n-a2\n+A2\n a3\n"),
     Wanted::kRefused},
    {"EndsWithoutNewline", kInode.substr(0, kInode.size() - 1)},
    {"Reversed",
     of("a/fs/inode.c", "b/fs/inode.c", "@@ -1,4 +1,4 @@\n a1\n-A2\n+a2\n a3\n a4\n"),
     Wanted::kRefused},
};

Tree tree_at(const fs::path& root) {
  Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(
           root, fs::directory_options::follow_directory_symlink))
    if (entry.is_regular_file() && entry.path().extension() != ".rej" &&
        !(entry.path().extension() == ".orig"))
      tree[entry.path().lexically_relative(root).native()] = read_text(entry.path());
  return tree;
}

class Shapes : public testing::TestWithParam<Shape> {
 protected:
  fs::path make_tree(const std::string& name) const {
    const fs::path root = temporary_.path() / name;
    for (const auto& [path, text] : kTree) {
      fs::create_directories((root / path).parent_path());
      write_file(root / path, std::string_view(text));
    }
    return root;
  }

  TempDir temporary_{"kpatch-shapes-test."};
};

TEST_P(Shapes, BecomeWhatPatchMakesOfThemOrAreRefused) {
  const fs::path theirs = make_tree("theirs");
  const Outcome outcome =
      run({.argv = {"patch", "-p1", "--batch", "--forward", "--silent"},
           .directory = theirs,
           .environment = {{"LC_ALL", "C"}},
           .input = GetParam().text});
  const Tree wanted = tree_at(theirs);
  PatchedView view(make_tree("pristine"), temporary_.path() / "view");
  try {
    const PatchFile patch = parse_patch(GetParam().text, "x.patch");
    const AppliedPatches applied = apply_patches({&patch, 1}, view);
    EXPECT_EQ(GetParam().wanted, Wanted::kSame);
    EXPECT_TRUE(outcome.ok()) << outcome.output << outcome.errors;
    EXPECT_EQ(tree_at(view.root()), wanted);
    for (const std::string& path : view.changed_files())
      EXPECT_TRUE(std::ranges::any_of(applied.touched, [&](const TouchedFile& file) {
        return file.path == path;
      })) << path;
  } catch (const Error& error) {
    EXPECT_EQ(GetParam().wanted, Wanted::kRefused) << error.what();
    EXPECT_NE(std::string(error.what()).find("x.patch"), std::string::npos)
        << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Known, Shapes, testing::ValuesIn(kShapes),
                         [](const auto& shape) { return std::string(shape.param.name); });

} // namespace
} // namespace kpatch::patch
