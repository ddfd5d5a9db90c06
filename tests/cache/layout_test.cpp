// SPDX-License-Identifier: GPL-2.0-or-later
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

} // namespace
} // namespace kpatch::cache
