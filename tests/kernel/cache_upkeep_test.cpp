// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/cache.h"
#include "kernel/cache_upkeep.h"
#include "kernel/kbuild.h"
#include "scratch.h"

namespace kpatch::kernel {
namespace {

namespace fs = std::filesystem;

class CacheUpkeep : public testing::Test {
 protected:
  CacheUpkeep() {
    scratch_.file("sources/6.1.5-1/init/main.c", "int x;");
    scratch_.file("kernels/6.1.0-1-amd64_6.1.5-1/image/source-version", "6.1.5-1");
    scratch_.file("kernels/6.1.0-1-amd64_6.1.5-1/" + std::string(kPreparedTree) + "/a",
                  "a");
    record_fingerprint(scratch_ / "sources/6.1.5-1");
  }
  Scratch scratch_;
};

TEST_F(CacheUpkeep, FindsThatAPristineTreeWasEdited) {
  EXPECT_TRUE(verify_cache(scratch_.path()).empty());
  scratch_.file("sources/6.1.5-1/init/main.c", "int changed;");
  EXPECT_THAT(verify_cache(scratch_.path()),
              testing::ElementsAre(testing::StartsWith("sources/6.1.5-1: ")));
}

TEST_F(CacheUpkeep, FindsAListWithoutItsObject) {
  scratch_.file("kernels/6.1.0-1-amd64_6.1.5-1/originals/k/1.files", "");
  EXPECT_EQ(verify_cache(scratch_.path()).size(), 1U);
}

TEST_F(CacheUpkeep, RemovesWhatKilledRunsAndOlderProgramsLeft) {
  scratch_.file("kernels/.x.new-AbCdEf/half", "x");
  scratch_.file("kernels/6.1.0-1-amd64_6.1.5-1/objects/.config", "old format");
  scratch_.file("sources/6.1.4-1/fresh", "of a kernel that is being fetched");
  EXPECT_THAT(collect_garbage(scratch_.path()),
              testing::UnorderedElementsAre("kernels/.x.new-AbCdEf",
                                            "kernels/6.1.0-1-amd64_6.1.5-1/objects"));
  EXPECT_TRUE(fs::exists(scratch_ / "sources/6.1.4-1"));
  EXPECT_TRUE(fs::exists(scratch_ / "sources/6.1.5-1"));
}

TEST_F(CacheUpkeep, RemovesSourcesThatNoKernelWasMadeFrom) {
  scratch_.file("sources/6.1.4-1/init/main.c", "int x;");
  fs::last_write_time(scratch_ / "sources/6.1.4-1",
                      fs::file_time_type::clock::now() - std::chrono::hours(48));
  EXPECT_THAT(collect_garbage(scratch_.path()), testing::ElementsAre("sources/6.1.4-1"));
}

TEST_F(CacheUpkeep, LeavesADirectoryThatIsBeingFilled) {
  make_once(scratch_ / "kernels/new", [&](const fs::path&) {
    EXPECT_TRUE(collect_garbage(scratch_.path()).empty());
  });
  EXPECT_TRUE(fs::exists(scratch_ / "kernels/new"));
}

TEST_F(CacheUpkeep, ListsKernelsAndSources) {
  std::vector<std::string> names;
  for (const CacheEntry& entry : list_cache(scratch_.path()))
    names.push_back(entry.name);
  EXPECT_THAT(names,
              testing::ElementsAre("kernels/6.1.0-1-amd64_6.1.5-1", "sources/6.1.5-1"));
}

} // namespace
} // namespace kpatch::kernel
