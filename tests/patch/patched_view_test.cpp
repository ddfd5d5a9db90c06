// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "patch/patch_apply.h"
#include "patch/patched_view.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

namespace kpatch::patch {
namespace {
namespace fs = std::filesystem;

/// Every path of a tree with what is in it.
std::map<std::string, std::string> snapshot(const fs::path& root) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    all[entry.path().native()] = entry.is_symlink() ? fs::read_symlink(entry).native()
                                 : entry.is_regular_file() ? read_text(entry.path())
                                                           : "directory";
  return all;
}

class View : public testing::Test {
 protected:
  View() {
    fs::create_directories(pristine_ / "fs/proc/deep");
    fs::create_directories(pristine_ / "include");
    write_file(pristine_ / "fs/proc/meminfo.c", std::string_view("one\ntwo\nthree\n"));
    write_file(pristine_ / "fs/proc/deep/x.h", std::string_view("x\n"));
    write_file(pristine_ / "fs/inode.c", std::string_view("inode\n"));
    write_file(pristine_ / "include/a.h", std::string_view("a\n"));
    fs::create_directory_symlink("/etc", pristine_ / "fs/outside");
    before_ = snapshot(pristine_);
    view_.emplace(pristine_, temporary_.path() / "view");
  }
  ~View() override { EXPECT_EQ(snapshot(pristine_), before_); }

  std::vector<TouchedFile> apply(const std::string& text) {
    const PatchFile patch = parse_patch(text, "x.patch");
    return apply_patches({&patch, 1}, *view_).touched;
  }
  std::string complaint(const std::string& text) {
    try {
      apply(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::string in_view(const std::string& path) { return read_text(view_->root() / path); }

  TempDir temporary_{"kpatch-view-test."};
  fs::path pristine_ = temporary_.path() / "pristine";
  std::map<std::string, std::string> before_;
  std::optional<PatchedView> view_;
};

TEST_F(View, ShowsThePristineTree) {
  EXPECT_TRUE(view_->has_file("fs/proc/meminfo.c"));
  EXPECT_FALSE(view_->has_file("fs/proc"));
  EXPECT_FALSE(view_->has_file("fs/none.c"));
}

TEST_F(View, OwnsOnlyTheWayToATouchedFile) {
  write_file(view_->own_file("fs/proc/meminfo.c"), std::string_view("changed\n"));
  EXPECT_EQ(in_view("fs/proc/meminfo.c"), "changed\n");
  EXPECT_FALSE(fs::is_symlink(view_->root() / "fs/proc"));
  EXPECT_TRUE(fs::is_symlink(view_->root() / "fs/proc/deep"));
  EXPECT_TRUE(fs::is_symlink(view_->root() / "fs/inode.c"));
  EXPECT_TRUE(fs::is_symlink(view_->root() / "include"));
}

TEST_F(View, MakesNewDirectories) {
  write_file(view_->own_file("new/dir/x.h"), std::string_view("x"));
  EXPECT_EQ(in_view("new/dir/x.h"), "x");
}

TEST_F(View, RefusesWaysOutOfTheTree) {
  EXPECT_THROW(view_->own_file("../x"), Error);
  EXPECT_THROW(view_->own_file("/etc/x"), Error);
  EXPECT_THROW(view_->own_file("fs/outside/x"), Error);
  EXPECT_THROW(view_->own_file("fs/outside"), Error);
  EXPECT_THROW(view_->own_file("fs/inode.c/x"), Error);
}

TEST_F(View, TakesPatchesInOrder) {
  const PatchFile patches[] = {
      parse_patch("--- a/fs/proc/meminfo.c\n+++ b/fs/proc/meminfo.c\n"
                  "@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n",
                  "1.patch"),
      parse_patch("--- a/fs/proc/meminfo.c\n+++ b/fs/proc/meminfo.c\n"
                  "@@ -1,3 +1,3 @@\n one\n-zwei\n+deux\n three\n"
                  "--- /dev/null\n+++ b/fs/new.h\n@@ -0,0 +1 @@\n+new\n"
                  "--- a/include/a.h\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
                  "2.patch")};
  const std::vector<TouchedFile> touched = apply_patches(patches, *view_).touched;
  const std::vector<TouchedFile> expected{{"fs/new.h", false, true},
                                          {"fs/proc/meminfo.c", true, true},
                                          {"include/a.h", true, false}};
  EXPECT_EQ(touched, expected);
  EXPECT_EQ(in_view("fs/proc/meminfo.c"), "one\ndeux\nthree\n");
  EXPECT_EQ(in_view("fs/new.h"), "new\n");
}

TEST_F(View, LeavesNoRejectsOrBackups) {
  // Fuzz, for which patch(1) would make a backup.
  apply("--- a/fs/proc/meminfo.c\n+++ b/fs/proc/meminfo.c\n"
        "@@ -1,3 +1,3 @@\n other\n-two\n+x\n three\n");
  EXPECT_EQ(in_view("fs/proc/meminfo.c"), "one\nx\nthree\n");
  EXPECT_FALSE(fs::exists(view_->root() / "fs/proc/meminfo.c.orig"));
  complaint("--- a/fs/inode.c\n+++ b/fs/inode.c\n@@ -1 +1 @@\n-no\n+x\n");
  EXPECT_FALSE(fs::exists(view_->root() / "fs/inode.c.orig"));
  EXPECT_FALSE(fs::exists(view_->root() / "fs/inode.c.rej"));
}

TEST_F(View, NamesTheHunksThatDoNotApply) {
  EXPECT_EQ(complaint("--- a/fs/proc/meminfo.c\n+++ b/fs/proc/meminfo.c\n"
                      "@@ -1 +1 @@\n-one\n+ein\n"
                      "@@ -2 +2 @@\n-nothing like it\n+x\n"
                      "--- a/fs/none.c\n+++ b/fs/none.c\n@@ -1 +1 @@\n-a\n+b\n"
                      "--- /dev/null\n+++ b/fs/inode.c\n@@ -0,0 +1 @@\n+b\n"),
            "x.patch file failed to apply\n"
            "fs/proc/meminfo.c: hunk #2 of 2 does not apply (line 6 of the patch, meant "
            "for line 2 of the file)\n"
            "fs/none.c does not exist in this kernel's source\n"
            "fs/inode.c: the patch creates this file, but it exists already");
}

TEST_F(View, SaysThatAChangeIsInAlready) {
  EXPECT_EQ(complaint("--- a/fs/proc/meminfo.c\n+++ b/fs/proc/meminfo.c\n"
                      "@@ -1,3 +1,3 @@\n one\n-zwei\n+two\n three\n"),
            "x.patch file failed to apply\n"
            "fs/proc/meminfo.c: the change is in this kernel's source already");
}

TEST_F(View, RefusesPatchesThroughSymbolicLinks) {
  EXPECT_NE(complaint("--- /dev/null\n+++ b/fs/outside/kpatch-test\n@@ -0,0 +1 @@\n+x\n"),
            "no error");
  EXPECT_FALSE(fs::exists("/etc/kpatch-test"));
}

TEST_F(View, TakesTheNameThatIsThere) {
  apply("--- x/fs/inode.c.orig\n+++ y/fs/inode.c\n@@ -1 +1 @@\n-inode\n+x\n");
  EXPECT_EQ(in_view("fs/inode.c"), "x\n");
}

TEST_F(View, SaysWhereItDiffersFromThePristineTree) {
  EXPECT_TRUE(view_->changed_files().empty());
  write_file(view_->own_file("fs/inode.c"), std::string_view("other\n"));
  write_file(view_->own_file("fs/proc/new.h"), std::string_view(""));
  fs::remove(view_->own_file("include/a.h"));
  view_->own_file("fs/proc/meminfo.c"); // a copy, but the same
  const std::vector<std::string> expected{"fs/inode.c", "fs/proc/new.h", "include/a.h"};
  EXPECT_EQ(view_->changed_files(), expected);
}

TEST_F(View, RefusesToGoOnIfMoreHasChangedThanWasRead) {
  write_file(view_->own_file("fs/inode.c"), std::string_view("by whom?\n"));
  EXPECT_NE(complaint("--- a/include/a.h\n+++ b/include/a.h\n@@ -1 +1 @@\n-a\n+b\n")
                .find("fs/inode.c: it differs from the pristine source"),
            std::string::npos);
}

/// Applying patches to a file of numbered lines.
class Displaced : public View {
 protected:
  Displaced() {
    std::string text = "int one(void)\n{\n";
    for (int i = 3; i < 30; ++i)
      text += fmt::format("\tline({});\n", i);
    text += "int two(void)\n{\n";
    for (int i = 32; i < 60; ++i)
      text += fmt::format("\tline({});\n", i);
    view_.reset();
    fs::remove_all(temporary_.path() / "view");
    write_file(pristine_ / "fs/long.c", text);
    before_ = snapshot(pristine_);
    view_.emplace(pristine_, temporary_.path() / "view");
  }

  AppliedPatches take(const std::string& hunk, unsigned fuzz = 2) {
    const PatchFile patch =
        parse_patch("--- a/fs/long.c\n+++ b/fs/long.c\n" + hunk, "x.patch");
    return apply_patches({&patch, 1}, *view_, {.fuzz = fuzz});
  }
};

TEST_F(Displaced, SaysNothingOfAHunkInItsPlace) {
  EXPECT_TRUE(take("@@ -40,3 +40,3 @@ int two(void)\n \tline(40);\n-\tline(41);\n"
                   "+\tx;\n \tline(42);\n")
                  .displaced.empty());
}

TEST_F(Displaced, SaysHowFarAHunkHasMoved) {
  const AppliedPatches applied =
      take("@@ -10,3 +10,3 @@ int one(void)\n \tline(40);\n-\tline(41);\n"
           "+\tx;\n \tline(42);\n");
  ASSERT_EQ(applied.displaced.size(), 1u);
  EXPECT_EQ(applied.displaced[0].offset, 30);
  EXPECT_EQ(applied.displaced[0].fuzz, 0u);
  EXPECT_EQ(notice_of(applied.displaced[0]),
            "NOTICE: fs/long.c: hunk #1 was applied at line 40, 30 lines later than the "
            "patch says; the patch means 'int one(void)', and the place is in 'int "
            "two(void)'");
}

TEST_F(Displaced, SaysThatContextDidNotCount) {
  const std::string hunk = "@@ -40,3 +40,3 @@ int two(void)\n other\n-\tline(41);\n"
                           "+\tx;\n \tline(42);\n";
  EXPECT_THROW(take(hunk, 0), Error);
  const AppliedPatches applied = take(hunk);
  ASSERT_EQ(applied.displaced.size(), 1u);
  EXPECT_EQ(applied.displaced[0].fuzz, 1u);
  EXPECT_EQ(notice_of(applied.displaced[0]),
            "NOTICE: fs/long.c: hunk #1 was applied at line 40 with fuzz 1: a line of "
            "context did not count");
}

std::string remedy_for(PatchedView& view, const std::string& text) {
  try {
    const PatchFile patch = parse_patch(text, "x.patch");
    apply_patches({&patch, 1}, view);
  } catch (const std::exception& error) {
    return error.what() + std::string("\n") + remedy_of(error);
  }
  return "no error";
}

TEST_F(View, NamesPathsThatAreMeantForAnotherStripLevel) {
  const std::string hunk = "@@ -1,3 +1,3 @@\n one\n-two\n+x\n three\n";
  const std::string none =
      remedy_for(*view_, "--- fs/proc/meminfo.c\n+++ fs/proc/meminfo.c\n" + hunk);
  EXPECT_NE(none.find("as for patch -p0"), std::string::npos) << none;
  EXPECT_NE(none.find("patch -p1"), std::string::npos) << none;
  const std::string deep = remedy_for(
      *view_, "--- x/y/z/fs/proc/meminfo.c\n+++ x/y/z/fs/proc/meminfo.c\n" + hunk);
  EXPECT_NE(deep.find("as for patch -p3"), std::string::npos) << deep;
  const std::string fresh = "@@ -0,0 +1 @@\n+x\n";
  EXPECT_NE(remedy_for(*view_, "--- /dev/null\n+++ fs/new.h\n" + fresh).find("-p0"),
            std::string::npos);
  EXPECT_NE(remedy_for(*view_, "--- /dev/null\n+++ x/y/fs/new.h\n" + fresh).find("-p2"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(view_->root() / "y"));
}

TEST_F(View, IsNotMisledByAFileOfTheStrippedPath) {
  fs::create_directories(pristine_ / "proc");
  write_file(pristine_ / "proc/meminfo.c", std::string_view("one\ntwo\nthree\n"));
  before_ = snapshot(pristine_);
  view_.emplace(pristine_, temporary_.path() / "view2");
  EXPECT_NE(remedy_for(*view_, "--- fs/proc/meminfo.c\n+++ fs/proc/meminfo.c\n"
                               "@@ -1,3 +1,3 @@\n one\n-two\n+x\n three\n")
                .find("-p0"),
            std::string::npos);
}

TEST_F(View, RefusesTwoNamesThatAreBothThere) {
  EXPECT_NE(complaint("--- a/fs/inode.c\n+++ b/include/a.h\n@@ -1 +1 @@\n-inode\n+x\n")
                .find("keep the name of the file that it changes"),
            std::string::npos);
}

TEST_F(View, RenamesAndCopies) {
  const std::vector<TouchedFile> touched =
      apply("diff --git a/fs/inode.c b/fs/node.c\nrename from fs/inode.c\n"
            "rename to fs/node.c\n--- a/fs/inode.c\n+++ b/fs/node.c\n"
            "@@ -1 +1 @@\n-inode\n+node\n"
            "diff --git a/include/a.h b/include/b.h\ncopy from include/a.h\n"
            "copy to include/b.h\n");
  ASSERT_EQ(touched.size(), 3u);
  EXPECT_EQ(touched[0],
            (TouchedFile{"fs/inode.c", true, false, ChangeKind::kRename, "fs/node.c"}));
  EXPECT_EQ(in_view("fs/node.c"), "node\n");
  EXPECT_EQ(in_view("include/b.h"), "a\n");
  EXPECT_FALSE(view_->has_file("fs/inode.c"));
}

TEST_F(View, SkipsFilesThatTakeNoPart) {
  const PatchFile patch = parse_patch(
      "diff --git a/D/x b/D/y\nrename from D/x\nrename to D/y\n"
      "--- a/D/none\n+++ b/D/none\n@@ -1 +1 @@\n-a\n+b\n"
      "diff --git a/fs/inode.c b/fs/inode.c\nold mode 100644\nnew mode 100755\n",
      "x.patch");
  const AppliedPatches applied =
      apply_patches({&patch, 1}, *view_,
                    {.takes_no_part = [](const std::string& path, const FileChange&) {
                      return path.starts_with("D/");
                    }});
  EXPECT_TRUE(applied.touched.empty());
  const std::vector<std::string> skipped{"D/none", "D/y", "fs/inode.c"};
  EXPECT_EQ(applied.skipped, skipped);
}

} // namespace
} // namespace kpatch::patch
