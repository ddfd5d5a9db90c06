// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "cache/layout.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kpatch::cache {
namespace {

TEST(KnownCache, IsNoneWhereTheEnvironmentSaysNothing) {
  const char* const home = std::getenv("HOME");
  const std::string kept = home ? home : "";
  unsetenv("CACHEDIR");
  unsetenv("HOME");
  EXPECT_TRUE(known_cache().empty());
  EXPECT_THROW(default_cache(), Error);
  EXPECT_TRUE(folders_of_release({}, "6.1.0-1").empty());
  setenv("HOME", "/home/x", 1);
  EXPECT_EQ(known_cache(), "/home/x/.kpatch");
  EXPECT_EQ(default_cache(), "/home/x/.kpatch");
  setenv("HOME", kept.c_str(), 1);
}

} // namespace
} // namespace kpatch::cache
