// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "cache/cache.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "cache/object_store.h"
#include "scratch.h"

namespace kpatch::cache {
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

TEST_F(CacheUpkeep, FindsWhatWasAlteredOfAKernelAndOfItsPackages) {
  const std::string kernel = "kernels/6.1.0-1-amd64_6.1.5-1/";
  const std::string prepared = kernel + kPreparedTree;
  scratch_.file("downloads/linux-kbuild_1_amd64.deb", "package");
  for (const std::string& name :
       {prepared, kernel + "image", std::string("downloads/linux-kbuild_1_amd64.deb")})
    record_fresh(scratch_ / name, scratch_ / name);
  EXPECT_TRUE(verify_cache(scratch_.path()).empty());
  EXPECT_TRUE(collect_garbage(scratch_.path()).empty());
  scratch_.file(prepared + "/tools/objtool/objtool", "another program");
  scratch_.file(kernel + "image/boot/vmlinuz", "another kernel");
  scratch_.file("downloads/linux-kbuild_1_amd64.deb", "PACKAGE");
  EXPECT_THAT(
      verify_cache(scratch_.path()),
      testing::UnorderedElementsAre(testing::StartsWith(prepared + ": "),
                                    testing::StartsWith(kernel + "image: "),
                                    testing::StartsWith("downloads/linux-kbuild_1")));
}

TEST_F(CacheUpkeep, FindsThatAToolchainWasEdited) {
  make_sealed(scratch_ / "toolchains/gcc-14",
              [](const fs::path& fresh) { write_file(fresh / "gcc", "compiler"); });
  EXPECT_TRUE(verify_cache(scratch_.path()).empty());
  scratch_.file("toolchains/gcc-14/gcc", "another compiler");
  EXPECT_THAT(verify_cache(scratch_.path()),
              testing::ElementsAre(testing::StartsWith("toolchains/gcc-14: ")));
}

class CacheObjects : public CacheUpkeep {
 protected:
  void make_old(const fs::path& file, int days) {
    fs::last_write_time(file,
                        fs::file_time_type::clock::now() - std::chrono::hours(24 * days));
  }
  const std::string command_ = std::string(64, 'c');
  const std::string inputs_ = std::string(64, 'd');
  const Bytes content_{1, 2, 3};
  const ObjectStore store_{scratch_ / "originals"};
};

TEST_F(CacheObjects, FindsDamagedOnes) {
  const fs::path object = store_.add(command_, "x.c\n", inputs_, content_);
  EXPECT_TRUE(verify_cache(scratch_.path()).empty());
  EXPECT_EQ(store_.find_object(inputs_), object);
  write_file(object, std::string_view("other"));
  EXPECT_THAT(verify_cache(scratch_.path()),
              testing::ElementsAre(testing::StartsWith("originals/objects/")));
  EXPECT_EQ(store_.find_object(inputs_), std::nullopt);
  fs::remove(object);
  EXPECT_THAT(verify_cache(scratch_.path()),
              testing::ElementsAre(testing::StartsWith("originals/results/")));
}

TEST_F(CacheObjects, RemovesWhatWasOfNoUseForAMonth) {
  const fs::path object = store_.add(command_, "x.c\n", inputs_, content_);
  for (const fs::path& file : {object, scratch_ / "originals/results" / inputs_,
                               scratch_ / "originals/lists" / command_})
    make_old(file, 40);
  store_.find_list(command_);
  store_.find_object(inputs_);
  EXPECT_TRUE(collect_garbage(scratch_.path()).empty());

  make_old(scratch_ / "originals/results" / inputs_, 40);
  EXPECT_THAT(collect_garbage(scratch_.path()),
              testing::ElementsAre("originals/results/" + inputs_,
                                   testing::StartsWith("originals/objects/")));
}

TEST_F(CacheObjects, LeavesAnObjectWhoseResultIsOnTheWay) {
  store_.add(command_, "x.c\n", inputs_, content_);
  fs::remove(scratch_ / "originals/results" / inputs_);
  EXPECT_TRUE(collect_garbage(scratch_.path()).empty());
}

TEST_F(CacheUpkeep, RemovesWhatKilledRunsAndOlderProgramsLeft) {
  scratch_.file("kernels/.x.new-AbCdEf/half", "x");
  scratch_.file("kernels/6.1.0-1-amd64_6.1.5-1/objects/.config", "old format");
  scratch_.file("kernels/6.1.0-1-amd64_6.1.5-1/originals/k/1.files", "old format");
  scratch_.file("kernels/6.1.0-1-amd64_6.1.5-1/units.1", "old format");
  scratch_.file("sources/6.1.4-1/fresh", "of a kernel that is being fetched");
  EXPECT_THAT(collect_garbage(scratch_.path()),
              testing::UnorderedElementsAre("kernels/.x.new-AbCdEf",
                                            "kernels/6.1.0-1-amd64_6.1.5-1/objects",
                                            "kernels/6.1.0-1-amd64_6.1.5-1/originals",
                                            "kernels/6.1.0-1-amd64_6.1.5-1/units.1"));
  EXPECT_TRUE(fs::exists(scratch_ / "sources/6.1.4-1"));
  EXPECT_TRUE(fs::exists(scratch_ / "sources/6.1.5-1"));
}

TEST_F(CacheUpkeep, RemovesSourcesThatNoKernelWasMadeFrom) {
  scratch_.file("sources/6.1.4-1/init/main.c", "int x;");
  fs::last_write_time(scratch_ / "sources/6.1.4-1",
                      fs::file_time_type::clock::now() - std::chrono::hours(48));
  EXPECT_THAT(collect_garbage(scratch_.path()), testing::ElementsAre("sources/6.1.4-1"));
}

TEST_F(CacheUpkeep, LeavesTheSourceOfEveryKernel) {
  scratch_.file("sources/kernel-5.14.0-427.el9_x/init/main.c", "int x;");
  fs::last_write_time(scratch_ / "sources/kernel-5.14.0-427.el9_x",
                      fs::file_time_type::clock::now() - std::chrono::hours(48));
  record_source(scratch_ / "kernels/6.1.0-1-amd64_6.1.5-1",
                scratch_ / "sources/kernel-5.14.0-427.el9_x");
  EXPECT_TRUE(collect_garbage(scratch_.path()).empty());
}

TEST_F(CacheUpkeep, LeavesADirectoryThatIsBeingFilled) {
  make_once(scratch_ / "kernels/new", [&](const fs::path&) {
    EXPECT_TRUE(collect_garbage(scratch_.path()).empty());
  });
  EXPECT_TRUE(fs::exists(scratch_ / "kernels/new"));
}

class CacheOfTwo : public CacheUpkeep {
 protected:
  CacheOfTwo() {
    for (const char* release : {"6.1.0-1-amd64", "6.1.0-2-amd64"}) {
      const std::string name = "linux-image-" + std::string(release);
      scratch_.file("downloads/" + name + "_6.1.5-1_amd64.deb", "package");
    }
    scratch_.file("downloads/linux-source-6.1_6.1.5-1_all.deb", "source");
    scratch_.file(kNewer + "/image/source-version", "6.1.5-1");
    set_age(kOlder, std::chrono::hours(72));
    set_age(kNewer, std::chrono::hours(24));
  }
  void set_age(const std::string& kernel, std::chrono::hours age) {
    record_kernel_use(scratch_ / kernel);
    const fs::path path = scratch_ / kernel;
    fs::last_write_time(path.parent_path() / ("." + path.filename().string() + ".used"),
                        fs::file_time_type::clock::now() - age);
  }
  const std::string kOlder = "kernels/6.1.0-1-amd64_6.1.5-1";
  const std::string kNewer = "kernels/6.1.0-2-amd64_6.1.5-1";
};

TEST_F(CacheOfTwo, RemovesAKernelWithWhatOnlyItNeeds) {
  EXPECT_THAT(remove_kernel(scratch_.path(), "6.1.0-1-amd64"),
              testing::ElementsAre(
                  kOlder, "downloads/linux-image-6.1.0-1-amd64_6.1.5-1_amd64.deb"));
  EXPECT_TRUE(fs::exists(scratch_ / "sources/6.1.5-1"));
  EXPECT_THAT(remove_kernel(scratch_.path(), "6.1.0-2-amd64"),
              testing::ElementsAre(
                  kNewer, "downloads/linux-image-6.1.0-2-amd64_6.1.5-1_amd64.deb",
                  "sources/6.1.5-1", "downloads/linux-source-6.1_6.1.5-1_all.deb"));
  EXPECT_TRUE(list_cache(scratch_.path()).empty());
  EXPECT_EQ(cache_size(scratch_.path()), 0U);
  EXPECT_ANY_THROW(remove_kernel(scratch_.path(), "6.1.0-2-amd64"));
}

TEST_F(CacheOfTwo, ShrinksByTheKernelThatWasNotUsedLongest) {
  const std::uintmax_t all = cache_size(scratch_.path());
  EXPECT_TRUE(shrink_cache(scratch_.path(), all).empty());
  EXPECT_THAT(shrink_cache(scratch_.path(), all - 1), testing::Contains(kOlder));
  EXPECT_TRUE(fs::exists(scratch_ / kNewer));
  EXPECT_LT(cache_size(scratch_.path()), all);
}

TEST_F(CacheOfTwo, LeavesAKernelThatABuildMayUse) {
  record_kernel_use(scratch_ / kOlder);
  EXPECT_THAT(shrink_cache(scratch_.path(), 0), testing::Contains(kNewer));
  EXPECT_TRUE(fs::exists(scratch_ / kOlder));
}

TEST_F(CacheOfTwo, RemovesNoKernelThatABuildUses) {
  auto use = record_kernel_use(scratch_ / kOlder);
  set_age(kOlder, std::chrono::hours(72)); // however long ago it began
  EXPECT_ANY_THROW(remove_kernel(scratch_.path(), "6.1.0-1-amd64"));
  shrink_cache(scratch_.path(), 0);
  EXPECT_TRUE(fs::exists(scratch_ / kOlder));
  EXPECT_FALSE(fs::exists(scratch_ / kNewer));
  const auto another = record_kernel_use(scratch_ / kOlder); // builds do not wait
  use.reset();
  EXPECT_ANY_THROW(remove_kernel(scratch_.path(), "6.1.0-1-amd64"));
}

TEST_F(CacheOfTwo, RemovesAKernelWhenTheBuildHasEnded) {
  record_kernel_use(scratch_ / kOlder);
  EXPECT_FALSE(remove_kernel(scratch_.path(), "6.1.0-1-amd64").empty());
  EXPECT_FALSE(fs::exists(scratch_ / kOlder));
  EXPECT_THROW(record_kernel_use(scratch_ / kOlder), Error);
}

TEST_F(CacheObjects, LosesCommandsOfNoUseForAMonth) {
  const std::string kernel = "kernels/6.1.0-1-amd64_6.1.5-1/commands/";
  for (const char* key : {"used", "unused"})
    scratch_.file(kernel + key + "/a.cmd", "gcc");
  make_old(scratch_ / (kernel + "used"), 20);
  make_old(scratch_ / (kernel + "unused"), 40);
  EXPECT_THAT(collect_garbage(scratch_.path()), testing::ElementsAre(kernel + "unused"));
  EXPECT_TRUE(fs::exists(scratch_ / (kernel + "used/a.cmd")));
}

TEST_F(CacheUpkeep, ListsKernelsAndSources) {
  std::vector<std::string> names;
  for (const CacheEntry& entry : list_cache(scratch_.path()))
    names.push_back(entry.name);
  EXPECT_THAT(names,
              testing::ElementsAre("kernels/6.1.0-1-amd64_6.1.5-1", "sources/6.1.5-1"));
}

} // namespace
} // namespace kpatch::cache
