// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "patch/tree_difference.h"
#include "scratch.h"

namespace kpatch::patch {
namespace {

namespace fs = std::filesystem;

TEST(TreeDifference, IsAPatchOfWhatDiffers) {
  const Scratch scratch;
  for (const char* tree : {"old", "new"}) {
    fs::create_directories(scratch / tree / "fs");
    write_file(scratch / tree / "Makefile", std::string_view("SUBLEVEL = 1\n"));
    write_file(scratch / tree / "fs/same.c", std::string_view("int same;\n"));
    fs::create_symlink("same.c", scratch / tree / "fs/link.c");
  }
  write_file(scratch / "old" / "fs/x.c", std::string_view("int x;\n"));
  write_file(scratch / "new" / "fs/x.c", std::string_view("long x;\n"));
  write_file(scratch / "old" / "fs/gone.c", std::string_view("int gone;\n"));
  write_file(scratch / "new" / "fs/made.c", std::string_view("int made;\n"));
  const PatchFile patch = difference_of(scratch / "old", scratch / "new");
  std::vector<std::string> changes;
  for (const FileChange& change : patch.changes)
    changes.push_back(change.old_path + ">" + change.new_path);
  EXPECT_THAT(changes,
              testing::UnorderedElementsAre("fs/x.c>fs/x.c", "fs/gone.c>", ">fs/made.c"));
}

TEST(TreeDifference, TakesSourceTreesOnly) {
  const Scratch scratch;
  fs::create_directories(scratch / "old");
  EXPECT_THROW(difference_of(scratch / "old", scratch / "old"), Error);
  EXPECT_THROW(difference_of(scratch / "old", scratch / "missing"), Error);
}

} // namespace
} // namespace kpatch::patch
