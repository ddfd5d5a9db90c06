// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
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

TEST(UnitsRecipe, IsAllThatKbuildIsGivenToRecordUnitsBy) {
  const Scratch scratch;
  add_units_makefile(scratch.path());
  EXPECT_EQ(units_recipe(),
            read_text(scratch.path() / "kpatch-units.mk") + std::string(kRecordOnly));
}

/// A source tree whose configuration asks pahole for its version, as a kernel's does.
class Configuration : public testing::Test {
 protected:
  Configuration() {
    std::filesystem::create_directories(scratch_.path() / "objects");
    scratch_.file("Makefile", "modules_prepare olddefconfig:\n"
                              "syncconfig:\n\t$(PAHOLE) --version >version\n");
  }
  /// What pahole says it is, if the kernel's configuration has this line.
  std::string pahole_of(const std::string& line) {
    scratch_.file("config", line + "\n");
    prepare_from_config(scratch_.path(), scratch_.path() / "objects",
                        scratch_.path() / "config", {});
    return read_text(scratch_.path() / "objects/version");
  }
  Scratch scratch_;
};

TEST_F(Configuration, KeepsTheVersionOfPahole) {
  EXPECT_EQ(pahole_of("CONFIG_PAHOLE_VERSION=124"), "v1.24\n");
  EXPECT_EQ(pahole_of("CONFIG_X=y"), "v0.00\n");
}

TEST_F(Configuration, IsRefusedWhereTheVersionOfPaholeIsNotANumber) {
  for (const char* version : {"letters", "124letters", ""})
    try {
      pahole_of(std::string("CONFIG_PAHOLE_VERSION=") + version);
      ADD_FAILURE() << "'" << version << "' was taken";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("CONFIG_PAHOLE_VERSION is '"));
      EXPECT_THAT(error.remedy(), testing::HasSubstr("the kernel was built with"));
    }
}

} // namespace
} // namespace kpatch::kernel
