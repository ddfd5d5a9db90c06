// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/exact_hunks.h"

#include <gtest/gtest.h>

namespace kpatch::patch {
namespace {

constexpr const char* kText = "1\n2\n3\n4\n5\n6\n7\n8\n9";

/// What comes of one change of the text; "patch" where patch(1) has to be asked.
std::string applied(const std::string& hunks, const char* text = kText) {
  const PatchFile patch = parse_patch("--- a/x.c\n+++ b/x.c\n" + hunks, "p");
  return apply_exactly(text, patch.changes.at(0).hunks).value_or("patch");
}

TEST(ExactHunks, AreAppliedWhereTheySay) {
  EXPECT_EQ(applied("@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n"
                    "@@ -6,3 +6,4 @@\n 6\n-7\n+7a\n+7b\n 8\n"),
            "1\ntwo\n3\n4\n5\n6\n7a\n7b\n8\n9");
}

TEST(ExactHunks, KnowTheEndsOfTheFile) {
  EXPECT_EQ(applied("@@ -1,2 +1,3 @@\n+0\n 1\n 2\n").substr(0, 4), "0\n1\n");
  EXPECT_EQ(applied("@@ -8,2 +8,2 @@\n 8\n-9\n\\ No newline at end of file\n+nine\n"),
            "1\n2\n3\n4\n5\n6\n7\n8\nnine\n");
  EXPECT_EQ(applied("@@ -8,2 +8,2 @@\n 8\n-9\n+nine\n"), "patch");
  EXPECT_EQ(applied("@@ -0,0 +1 @@\n+1\n", ""), "1\n");
}

TEST(ExactHunks, AreForPatchToFindElsewhere) {
  EXPECT_EQ(applied("@@ -2,3 +2,3 @@\n 1\n-2\n+two\n 3\n"), "patch");
  EXPECT_EQ(applied("@@ -1,3 +1,3 @@\n 1\n-2\n+two\n three\n"), "patch");
  EXPECT_EQ(applied("@@ -90,3 +90,3 @@\n 1\n-2\n+two\n 3\n"), "patch");
}

TEST(ExactHunks, WithContextAtOneEndOnlyBelongToAnEnd) {
  EXPECT_EQ(applied("@@ -4,2 +4,3 @@\n 4\n 5\n+new\n"), "patch");
  EXPECT_EQ(applied("@@ -4,2 +4,3 @@\n+new\n 4\n 5\n"), "patch");
}

} // namespace
} // namespace kpatch::patch
