// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "build/patch_apply.h"
#include "build/patched_view.h"

#include <gtest/gtest.h>

#include <map>

namespace kpatch::build {
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
    return apply_patches({&patch, 1}, *view_);
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
  const std::vector<TouchedFile> touched = apply_patches(patches, *view_);
  const std::vector<TouchedFile> expected{
      {"fs/new.h",          false, true },
      {"fs/proc/meminfo.c", true,  true },
      {"include/a.h",       true,  false}
  };
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
            "fs/none.c: there is no such file in this kernel's source\n"
            "fs/inode.c: the patch makes this file, but it is there already");
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

} // namespace
} // namespace kpatch::build
