// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kbuild.h"

#include <cstdlib>
#include <gmock/gmock.h>

namespace kpatch::kernel {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

TEST(KbuildEnvironment, EmptiesWhatWouldDecideOverTheModule) {
  for (const char* name : {"LLVM", "KBUILD_EXTRA_SYMBOLS", "CONFIG_X"})
    setenv(name, "1", 1);
  const auto environment = kbuild_environment();
  for (const char* name : {"LLVM", "KBUILD_EXTRA_SYMBOLS", "CONFIG_X"}) {
    EXPECT_THAT(environment, Contains(Pair(name, "")));
    unsetenv(name);
  }
}

TEST(KbuildEnvironment, LeavesWhatProgramsNeedToRun) {
  setenv("CCACHE_DIR", "/cache", 1);
  EXPECT_THAT(kbuild_environment(), Not(Contains(Key("PATH"))));
  EXPECT_THAT(kbuild_environment(), Not(Contains(Key("CCACHE_DIR"))));
  unsetenv("CCACHE_DIR");
}

} // namespace
} // namespace kpatch::kernel
