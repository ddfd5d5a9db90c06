// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "cache/layout.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::cache {
namespace {

TEST(FoldersOfRelease, AreThoseOfThisReleaseAlone) {
  const TempDir cache("kpatch-test-");
  const auto kernels = cache.path() / kKernels;
  EXPECT_THAT(folders_of_release(cache.path(), "6.1.0-1"), testing::IsEmpty());
  for (const char* name : {"6.1.0-1_6.1.5-1", "6.1.0-1_tree-0", "6.1.0-1-amd64_6.1.5-1"})
    std::filesystem::create_directories(kernels / name);
  EXPECT_THAT(
      folders_of_release(cache.path(), "6.1.0-1"),
      testing::ElementsAre(kernels / "6.1.0-1_6.1.5-1", kernels / "6.1.0-1_tree-0"));
}

TEST(FindPlaces, KnowsThePartsOfAKernelAndOfTheCache) {
  const TempDir cache("kpatch-test-");
  const auto kernel = cache.path() / kKernels / "6.1.0-1_6.1.5-1";
  std::filesystem::create_directories(kernel / kImage);
  std::filesystem::create_directories(cache.path() / kSources / "6.1.5-1");
  write_file(kernel / kImage / kSourceVersion, std::string_view("6.1.5-1\n"));
  const auto find = [&](std::string_view what, std::string_view release) {
    return find_places(cache.path(), what, release);
  };
  using testing::ElementsAre;
  EXPECT_THAT(find("", ""), ElementsAre(cache.path()));
  EXPECT_THAT(find("downloads", ""), ElementsAre(cache.path() / kDownloads));
  EXPECT_THAT(find("kernel", "6.1.0-1"), ElementsAre(kernel));
  EXPECT_THAT(find("image", "6.1.0-1"), ElementsAre(kernel / kImage));
  EXPECT_THAT(find("source", "6.1.0-1"),
              ElementsAre(cache.path() / kSources / "6.1.5-1"));
  std::filesystem::create_directories(cache.path() / kSources / "6.1.5-1-patched");
  EXPECT_THAT(find("source", "6.1.0-1"),
              ElementsAre(cache.path() / kSources / "6.1.5-1-patched"));
  EXPECT_THROW(find("objects", "6.1.0-1"), Error); // not prepared yet
  EXPECT_THROW(find("image", "6.1.0-2"), Error);
  EXPECT_THROW(find("image", ""), Error);
  EXPECT_THROW(find("frob", "6.1.0-1"), Error);
}

} // namespace
} // namespace kpatch::cache
