// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "compile/unit_command.h"
#include "compile/unit_objects.h"
#include "fake_kernel.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace kpatch::compile {
namespace {
namespace fs = std::filesystem;

using Words = std::vector<std::string>;

/// What unit_commands makes of a record of fs/x.c that is kept in the cache.
class KeptCommand : public testing::Test {
 protected:
  Words objtool_of(const std::string& config, const std::string& more_of_record) {
    kernel_.target.config = kernel::Config::parse(config, "config");
    const fs::path record = shop_.kept("commands") / "fs/.x.o.cmd";
    fs::create_directories(record.parent_path());
    write_file(record, kernel_.record("x", more_of_record));
    return unit_command(shop_, "fs/x.c").objtool;
  }

  FakeKernel kernel_;
  TempDir work_{"kpatch-unit-command-test."};
  BuildLog log_;
  Workshop shop_{kernel_.target, work_.path(), log_, 1};
};

TEST_F(KeptCommand, RunsObjtoolAsRecorded) {
  EXPECT_EQ(objtool_of("CONFIG_UNWINDER_ORC=y\n", " ; ./objtool --stackval fs/x.o"),
            (Words{"./objtool", "--stackval"}));
  EXPECT_EQ(objtool_of("CONFIG_UNWINDER_ORC=y\n", ""), Words());
}

TEST_F(KeptCommand, IsNotAskedForOddNames) {
  const fs::path trace = work_.path() / "trace";
  for (const std::string& unit :
       {"fs/a;touch " + trace.string() + ";.c", std::string("fs/$(shell id).c")})
    EXPECT_THROW(unit_command(shop_, unit), Error) << unit;
  EXPECT_FALSE(fs::exists(trace));
}

TEST_F(KeptCommand, RunsObjtoolWhereTheKernelLeavesItToTheLink) {
  const std::string config = "CONFIG_X86_KERNEL_IBT=y\nCONFIG_UNWINDER_ORC=y\n";
  const std::string program = kernel_.target.objects / "tools/objtool/objtool";
  EXPECT_EQ(objtool_of(config, ""), (Words{program, "--orc"}));
  kernel_.target.units.add("fs/x.c", "some_module");
  // A module of one object is the link, but not of the patch.
  EXPECT_EQ(objtool_of(config, " ; ./objtool --ibt --link --module fs/x.o"),
            (Words{program, "--orc", "--module"}));
}

/// As much of kbuild as says how units are compiled. gen.h is made by an object.
constexpr std::string_view kTopMakefile =
    R"make(build := -f $(abs_srctree)/Makefile.build obj
Q := @
scripts: ;
)make";
constexpr std::string_view kBuildMakefile = R"make(src := $(abs_srctree)/$(obj)
comma := ,
pound := \#
dot-target = $(dir $@).$(notdir $@)
escsq = $(subst ','\'',$1)
make-cmd = $(call escsq,$(subst $(pound),$$(pound),$(subst $$,$$$$,$(cmd_$(1)))))
cmd_cc_o_c = $(CC) $(KCFLAGS) -I. -DNAME='"$(basename $(notdir $@))"' -DHASH='\#$$' -c -o $@ $<
define rule_cc_o_c
	@$(cmd_$(1))
	@printf '%s\n' 'cmd_$@ := $(make-cmd)' 'source_$@ := $<' > $(dot-target).cmd
endef
if_changed_rule = $(rule_$(1))
fs/gen.h: fs/tool.o
	test -s $< && echo 'int generated;' >$@
fs/uses_gen.o: fs/gen.h
fs/broken.o: fs/none.h
FORCE:
fs/%.o: $(abs_srctree)/fs/%.c FORCE
	$(call if_changed_rule,cc_o_c)
)make";

class Recording : public testing::Test {
 protected:
  Recording() {
    kernel_.put("source/Makefile", kTopMakefile);
    kernel_.put("source/Makefile.build", kBuildMakefile);
    for (const char* unit : {"tool", "broken"})
      kernel_.put(fmt::format("source/fs/{}.c", unit), "int i;\n");
    kernel_.put("source/fs/uses_gen.c", "#include \"fs/gen.h\"\n");
    fs::create_directories(kernel_.target.objects / "fs");
    kernel_.target.make_variables = {"CC=" + std::string(kCompiler)};
    write_file(counter(),
               "#!/bin/sh\ncase \" $* \" in *' -c '*) echo >>'" + counted().string() +
                   "';; esac\nexec gcc \"$@\"\n",
               0755);
    setenv("PATH", (work_.path().string() + ":" + getenv("PATH")).c_str(), 1);
  }

  static constexpr const char* kCompiler = "counting-gcc";
  fs::path counter() const { return work_.path() / kCompiler; }
  fs::path counted() const { return work_.path() / "count"; }
  std::size_t compiled() const {
    return read_text_if_exists(counted()).value_or("").size();
  }

  FakeKernel kernel_;
  TempDir work_{"kpatch-unit-command-test."};
  BuildLog log_;
  Workshop shop_{kernel_.target, work_.path(), log_, 1};
  std::vector<UnitFailure> failures_;
};

TEST_F(Recording, CompilesNothingToLearnHowKbuildCompiles) {
  const std::vector<std::string> units{"fs/x.c", "fs/y.c"};
  const std::vector<UnitCommand> commands = unit_commands(shop_, units, failures_);
  EXPECT_EQ(commands[0].compiler,
            (Words{kCompiler, "-ffunction-sections", "-fdata-sections", "-I.",
                   "-DNAME=\"x\"", "-DHASH=#$"}));
  EXPECT_EQ(commands[1].unit, "fs/y.c");
  EXPECT_EQ(compiled(), 0u);
}

TEST_F(Recording, MakesTheObjectsThatAGeneratedHeaderNeeds) {
  const std::vector<std::string> units{"fs/x.c", "fs/uses_gen.c"};
  const std::vector<UnitCommand> commands = unit_commands(shop_, units, failures_);
  EXPECT_TRUE(fs::exists(commands[1].generated / "fs/gen.h"));
  EXPECT_EQ(compiled(), 2u); // it and the unit, not the other one
}

TEST_F(Recording, KeepsGeneratedFilesForTheUnitsThatReadThem) {
  const std::vector<std::string> units{"fs/y.c", "fs/uses_gen.c"};
  const std::vector<UnitCommand> commands = unit_commands(shop_, units, failures_);
  EXPECT_EQ(commands[0].generated, fs::path());
  EXPECT_NE(commands[1].generated, fs::path());
  EXPECT_EQ(unit_command(shop_, "fs/y.c").generated, fs::path()); // from the cache
}

TEST_F(Recording, MakesTheBuildTreeOfAUnitOnce) {
  const std::vector<std::string> units{"fs/uses_gen.c"};
  const std::vector<UnitCommand> commands = unit_commands(shop_, units, failures_);
  const fs::path tree = build_tree_for(shop_, commands.at(0));
  EXPECT_TRUE(fs::exists(tree / "fs/gen.h"));
  EXPECT_EQ(build_tree_for(shop_, commands.at(0)), tree);
}

TEST_F(Recording, NamesTheUnitThatKbuildDoesNotMakeAndGoesOn) {
  const std::vector<std::string> units{"fs/broken.c", "fs/x.c"};
  const std::vector<UnitCommand> commands = unit_commands(shop_, units, failures_);
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(commands[0].unit, "fs/x.c");
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].unit, "fs/broken.c");
  EXPECT_NE(std::string(failures_[0].error.what()).find("the kernel's own build"),
            std::string::npos)
      << failures_[0].error.what();
}

} // namespace
} // namespace kpatch::compile
