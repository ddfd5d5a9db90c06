// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/registry.h"

#include <gtest/gtest.h>

namespace kpatch::arch {
namespace {

TEST(CodeSites, KnowLockedInstructionsOfAllSizes) {
  const CodeSites& sites = *find_arch("x86_64")->code_sites();
  EXPECT_TRUE(sites.is_lock(Bytes{0xf0, 0x0f, 0xb1, 0x0f}));       // lock cmpxchg %ecx
  EXPECT_TRUE(sites.is_lock(Bytes{0x66, 0xf0, 0x0f, 0xb1, 0x0f})); // the same of %cx
  EXPECT_TRUE(sites.is_lock(Bytes{0x3e, 0x0f, 0xb1, 0x0f})); // where nobody else runs
  EXPECT_FALSE(sites.is_lock(Bytes{0x66, 0x0f, 0xb1, 0x0f}));
  EXPECT_FALSE(sites.is_lock(Bytes{0x66}));
  EXPECT_FALSE(sites.is_lock({}));
}

} // namespace
} // namespace kpatch::arch
