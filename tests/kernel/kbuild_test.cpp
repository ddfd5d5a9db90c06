// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kbuild.h"
#include "scratch.h"

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

/// A second make is right where the kernel wants it for another reason, such as O=.
TEST(FirstMake, IsTheOnlyOneWhereObjectsAndSourceDiffer) {
  const Scratch scratch;
  scratch.file("Makefile", "ifneq ($(abs_objtree),$(CURDIR))\nneed-sub-make := 1\nendif\n"
                           "ifneq ($(abs_srctree),$(abs_objtree))\n"
                           "MAKEFLAGS += --include-dir=$(abs_srctree)\nendif\n");
  EXPECT_THAT(first_make_arguments(scratch.path()), testing::IsEmpty());
  scratch.file("Makefile", "ifneq ($(abs_srctree),$(abs_objtree))\n"
                           "MAKEFLAGS += --include-dir=$(abs_srctree)\n"
                           "need-sub-make := 1\nendif\n");
  const auto both = {"-I", scratch.path().c_str(), "need-sub-make="};
  EXPECT_THAT(first_make_arguments(scratch.path()), testing::ElementsAreArray(both));
}

TEST(ModuleCommand, NamesTheObjectTreeWhereKbuildLeavesIt) {
  const Scratch scratch;
  scratch.file("Makefile", "KBUILD_EXTMOD := $(M)\n");
  EXPECT_THAT(kbuild_module_command(scratch.path(), "/objects", "/module"),
              testing::AllOf(Contains("M=/module"), Not(Contains("O=/objects"))));
  scratch.file("Makefile", "output := $(or $(KBUILD_EXTMOD_OUTPUT),$(KBUILD_EXTMOD))\n");
  EXPECT_THAT(kbuild_module_command(scratch.path(), "/objects", "/module"),
              testing::AllOf(Contains("M=/module"), Contains("O=/objects")));
}

} // namespace
} // namespace kpatch::kernel
