// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "compile/launcher.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::compile {
namespace {

TEST(Launcher, IsTheNamedOne) {
  EXPECT_EQ(find_launcher("sh"), std::vector<std::string>{"sh"});
  EXPECT_TRUE(find_launcher("none").empty());
  EXPECT_THROW(find_launcher("no-such-launcher"), Error);
  EXPECT_TRUE(is_launcher("/usr/bin/ccache"));
  EXPECT_FALSE(is_launcher("gcc-12"));
}

TEST(Launcher, MayDistribute) {
  EXPECT_TRUE(is_distributing("/usr/bin/distcc"));
  EXPECT_TRUE(is_distributing("icecc"));
  EXPECT_FALSE(is_distributing("ccache"));
  EXPECT_FALSE(is_distributing("nice"));
}

} // namespace
} // namespace kpatch::compile
