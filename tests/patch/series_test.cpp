// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "patch/selection.h"
#include "patch/series.h"
#include "scratch.h"

namespace kpatch::patch {
namespace {

using testing::ElementsAre;

std::string diff_of(const std::string& path) {
  return "--- a/" + path + "\n+++ b/" + path + "\n@@ -1 +1 @@\n-a\n+b\n";
}

std::vector<std::string> names(const std::vector<SeriesEntry>& entries) {
  std::vector<std::string> names;
  for (const SeriesEntry& entry : entries)
    names.push_back(entry.name);
  return names;
}

TEST(Series, OfQuiltIsInItsOrder) {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "b");
  write_file(scratch / "b/one.patch", diff_of("x"));
  write_file(scratch / "two.patch", diff_of("y"));
  write_file(scratch / "series", "# mine\n\ntwo.patch -p1 # why\n b/one.patch\n");
  EXPECT_THAT(names(read_series(scratch / "series")),
              ElementsAre("two.patch", "b/one.patch"));
}

TEST(Series, OfQuiltNamesTheLineItCannotFollow) {
  const Scratch scratch;
  write_file(scratch / "one.patch", diff_of("x"));
  for (const char* line : {"one.patch -p0\n", "one.patch -R\n", "other.patch\n"}) {
    write_file(scratch / "series", std::string("\n") + line);
    try {
      read_series(scratch / "series");
      ADD_FAILURE() << line;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("series: line 2: "));
      EXPECT_FALSE(error.remedy().empty());
    }
  }
}

TEST(Series, OfAFolderIsInTheOrderOfItsNamesWithoutTheCoverLetter) {
  const Scratch scratch;
  write_file(scratch / "0000-cover.patch", "Subject: hello\n\nall\n");
  write_file(scratch / "0002-b.patch", diff_of("x"));
  write_file(scratch / "0001-a.patch", diff_of("x"));
  write_file(scratch / "notes.txt", diff_of("x"));
  EXPECT_THAT(names(read_series(scratch / "")),
              ElementsAre("0001-a.patch", "0002-b.patch"));
}

TEST(Series, OfAMailboxIsOnePatchAMail) {
  const Scratch scratch;
  const std::string from = "From 0123456789abcdef Mon Sep 17 00:00:00 2001\n";
  write_file(scratch / "box", from + "Subject: one\n\nFrom here on it is text.\n---\n" +
                                  diff_of("x") + "\n" + from + "Subject: two\n\n" +
                                  diff_of("y"));
  const std::vector<SeriesEntry> entries = read_series(scratch / "box");
  EXPECT_THAT(names(entries), ElementsAre("box#1", "box#2"));
  EXPECT_EQ(read_message(entries[1].text).subject, "two");
}

TEST(Series, WithoutAPatchIsAMistake) {
  const Scratch scratch;
  write_file(scratch / "a.txt", "x");
  EXPECT_THROW(read_series(scratch / ""), Error);
  EXPECT_THROW(read_series(scratch / "missing"), Error);
}

TEST(PatchMessage, NamesSubjectAndIdsButNotThoseOfTheDiff) {
  const PatchMessage message =
      read_message("Subject: [PATCH net 1/2] [v2] net: fix CVE-2026-1111\n"
                   "Date: x\n\nFixes CVE-2025-22222, CVE-2026-1111.\n"
                   "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-CVE-2020-0001\n+b\n");
  EXPECT_EQ(message.subject, "net: fix CVE-2026-1111");
  EXPECT_THAT(message.fixes, ElementsAre("CVE-2025-22222", "CVE-2026-1111"));
  EXPECT_TRUE(read_message(diff_of("x")).subject.empty());
}

TEST(PatchMessage, NamesTheCommitsThatBroughtTheFault) {
  const PatchMessage message =
      read_message("Subject: x\n\nText, Fixes: none\n\nFixes: 0123 (\"a: b\")\n"
                   "Fixes: 4567 (\"c\")\n---\n" +
                   diff_of("x"));
  EXPECT_THAT(message.tags, ElementsAre("0123 (\"a: b\")", "4567 (\"c\")"));
}

std::vector<std::string> files(const Selection& selection) {
  std::vector<std::string> files;
  for (const PatchFile& patch : selection.chosen())
    for (const FileChange& change : patch.changes)
      files.push_back(patch.name + ":" + change.new_path);
  return files;
}

std::vector<PatchFile> two_patches() {
  return {{.name = "1", .changes = {{"a", "a"}, {"b", "b"}}},
          {.name = "2", .changes = {{"a", "a"}, {"c", "d"}}}};
}

TEST(Selection, LeavesOutAFileInAllPatches) {
  Selection selection(two_patches(), Grain::kFile);
  EXPECT_TRUE(selection.leave_out_file("a", {}));
  EXPECT_FALSE(selection.leave_out_file("a", {}));
  EXPECT_THAT(files(selection), ElementsAre("1:b", "2:d"));
  EXPECT_TRUE(selection.leave_out_file("d", {})); // by either name
  EXPECT_TRUE(selection.leave_out_file("b", {}));
  EXPECT_TRUE(selection.is_empty());
}

TEST(Selection, LeavesOutTheLastPatchOfAFileFirst) {
  Selection selection(two_patches(), Grain::kPatch);
  EXPECT_TRUE(selection.leave_out_file("a", {}));
  EXPECT_THAT(files(selection), ElementsAre("1:a", "1:b"));
  EXPECT_FALSE(selection.leave_out_file("d", {}));
  EXPECT_TRUE(selection.leave_out_patch("1", {}));
  EXPECT_TRUE(selection.is_empty());
}

TEST(Selection, KnowsWhichPatchesAreInAsAWhole) {
  Selection selection(two_patches(), Grain::kFile);
  EXPECT_EQ(selection.whole().size(), 2U);
  EXPECT_TRUE(selection.leave_out_file("c", {}));
  ASSERT_EQ(selection.whole().size(), 1U);
  EXPECT_EQ(selection.whole()[0].name, "1");
  EXPECT_TRUE(selection.leave_out_file("a", {}));
  EXPECT_TRUE(selection.whole().empty());
}

TEST(Selection, DoesNotTakeAPatchForWholeOfWhichATypeIsOut) {
  Selection selection(two_patches(), Grain::kFile);
  selection.leave_out_type("b", "struct s", {.unit = "b", .code = {}, .reason = "r"});
  EXPECT_THAT(files(selection), ElementsAre("1:a", "1:b", "2:a", "2:d"));
  ASSERT_EQ(selection.whole().size(), 1U);
  EXPECT_EQ(selection.whole()[0].name, "2");
  EXPECT_EQ(selection.left_out().at(0).change, "b: struct s");
  EXPECT_EQ(notice_of(selection.left_out().at(0)),
            "NOTICE: b: struct s: needs a reboot, left out: r");
}

TEST(Selection, TakesAFileBack) {
  Selection selection(two_patches(), Grain::kFile);
  selection.leave_out_file("a", {});
  selection.leave_out_file("d", {});
  selection.take_back_file("a");
  EXPECT_THAT(files(selection), ElementsAre("1:a", "1:b", "2:a"));
  ASSERT_EQ(selection.left_out().size(), 1U);
  EXPECT_EQ(selection.left_out()[0].change, "c");
  EXPECT_TRUE(selection.leave_out_file("a", {}));
}

TEST(Selection, OfAllLeavesNothingOut) {
  Selection selection(two_patches(), Grain::kAll);
  EXPECT_FALSE(selection.leave_out_file("a", {}));
  EXPECT_EQ(files(selection).size(), 4U);
}

} // namespace
} // namespace kpatch::patch
