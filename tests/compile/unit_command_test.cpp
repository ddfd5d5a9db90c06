// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "compile/unit_command.h"
#include "compile/unit_objects.h"
#include "fake_kernel.h"
#include "kernel/kbuild.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace kpatch::compile {
namespace {
namespace fs = std::filesystem;

using Words = std::vector<std::string>;

TEST(UnitCommand, KeepsTheOptionsAndMarksTheSourceTree) {
  const UnitCommand command = parse_unit_command(
      "cmd_fs/x.o := gcc-12 -Wp,-MMD,fs/.x.o.d -I/k/src/include -I./include -I /k/src/fs "
      "-include /k/src/include/a.h -fmacro-prefix-map=/k/src/= -I/k/srcs -c -o fs/x.o "
      "/k/src/fs/x.c   ; ./tools/objtool/objtool --orc   fs/x.o\n\n"
      "source_fs/x.o := /k/src/fs/x.c\n",
      "fs/x.c");
  EXPECT_EQ(command.compiler, (Words{"gcc-12", "-I@SOURCE@/include", "-I./include", "-I",
                                     "@SOURCE@/fs", "-include", "@SOURCE@/include/a.h",
                                     "-fmacro-prefix-map=@SOURCE@/=", "-I/k/srcs"}));
  EXPECT_EQ(command.objtool, (Words{"./tools/objtool/objtool", "--orc"}));
}

TEST(UnitCommand, TakesAUnitThatAModuleHasFromAnotherFolder) {
  const UnitCommand command = parse_unit_command(
      "cmd_arch/kvm/../../virt/x.o := gcc -DMODULE -I/k/src/arch/kvm/../../virt -c -o "
      "arch/kvm/../../virt/x.o /k/src/arch/kvm/../../virt/x.c   ; objtool --module   "
      "arch/kvm/../../virt/x.o\n\n"
      "source_arch/kvm/../../virt/x.o := /k/src/arch/kvm/../../virt/x.c\n",
      "virt/x.c");
  EXPECT_EQ(command.compiler,
            (Words{"gcc", "-DMODULE", "-I@SOURCE@/arch/kvm/../../virt",
                   "-fmacro-prefix-map=@SOURCE@/virt/=arch/kvm/../../virt/"}));
  EXPECT_EQ(command.objtool, (Words{"objtool", "--module"}));
}

TEST(UnitCommand, RefusesStepsItDoesNotKnow) {
  const std::string source = "\n\nsource_fs/x.o := /k/fs/x.c\n";
  EXPECT_THROW(
      parse_unit_command("cmd_fs/x.o := gcc -c /k/fs/x.c ; recordmcount fs/x.o" + source,
                         "fs/x.c"),
      Error);
  EXPECT_THROW(parse_unit_command("cmd_fs/x.o := gcc /k/fs/x.c; objtool fs/y.o" + source,
                                  "fs/x.c"),
               Error);
  EXPECT_THROW(parse_unit_command("cmd_fs/y.o := gcc" + source, "fs/y.c"), Error);
}

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

TEST_F(KeptCommand, IsNotFoundByAProgramThatAsksKbuildOtherwise) {
  EXPECT_EQ(shop_.kept("commands").filename(),
            shop_.key_of_results(kernel::units_recipe()));
  EXPECT_NE(shop_.kept("commands").filename(),
            shop_.key_of_results("# an older makefile\n"));
}

TEST_F(KeptCommand, RunsObjtoolAsRecorded) {
  EXPECT_EQ(objtool_of("CONFIG_UNWINDER_ORC=y\n", " ; ./objtool --stackval fs/x.o"),
            (Words{"./objtool", "--stackval"}));
  EXPECT_EQ(objtool_of("CONFIG_UNWINDER_ORC=y\n", ""), Words());
}

TEST_F(KeptCommand, HasWhatItsProcessorWantsForAModule) {
  const auto options = [&](const char* machine) {
    kernel_.target.machine = machine;
    objtool_of("", "");
    return unit_command(shop_, "fs/x.c").for_patch;
  };
  EXPECT_EQ(options("ppc64le"), Words{"-mcmodel=large"});
  EXPECT_EQ(options("x86_64"), Words());
}

TEST_F(KeptCommand, MakesTheObjectOfTheKernelWithoutThat) {
  kernel_.target.machine = "ppc64le"; // whose option this machine's compiler has, too
  objtool_of("", "");
  const UnitCommand command = unit_command(shop_, "fs/x.c");
  patch::PatchedView view(kernel_.target.source, work_.path() / "view");
  const auto objects = compile_units(shop_, view, {&command, 1});
  ASSERT_EQ(objects.size(), 1U);
  ASSERT_TRUE(objects[0].is_complete());
  EXPECT_EQ(read_bytes(objects[0].original), read_bytes(objects[0].patched));
  const fs::path shipped = object_as_shipped(shop_, objects[0]);
  EXPECT_NE(read_bytes(shipped), read_bytes(objects[0].original));

  kernel_.target.machine = "x86_64";
  EXPECT_EQ(object_as_shipped(shop_, objects[0]), objects[0].original);
}

TEST_F(KeptCommand, GivesTheKernelsCodeNoSectionsWhereTheyChangeIt) {
  const auto options = [&](const char* machine) {
    kernel_.target.machine = machine;
    objtool_of("", "");
    const fs::path record = shop_.kept("commands") / "fs/.x.o.cmd";
    std::string text = read_text(record);
    text.insert(text.find(" -c "), " -fdata-sections");
    write_file(record, text);
    const Words words = command_as_shipped(shop_, "fs/x.c").compiler;
    return std::ranges::count_if(
        words, [](const std::string& word) { return word.ends_with("-sections"); });
  };
  EXPECT_EQ(options("aarch64"), 0);
  EXPECT_EQ(options("x86_64"), 2);
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

/// The same of kernels before 6.1: a second make where objects and source differ, single
/// objects named by the environment, and (before 5.17) objtool as a command of its own.
constexpr std::string_view kOlderTopMakefile =
    R"make(ifneq ($(sub_make_done),1)
abs_objtree := $(CURDIR)
ifneq ($(abs_srctree),$(abs_objtree))
MAKEFLAGS += --include-dir=$(abs_srctree)
need-sub-make := 1
endif
export sub_make_done := 1
ifeq ($(need-sub-make),1)
$(MAKECMDGOALS) __all: __sub-make
	@:
__sub-make:
	@$(MAKE) -C $(abs_objtree) -f $(abs_srctree)/Makefile $(MAKECMDGOALS)
endif
endif
ifeq ($(need-sub-make),)
build := -f $(abs_srctree)/scripts/Makefile.build obj
include arch/Makefile
build-dirs := fs arch $(more)
scripts: ;
endif
)make";
constexpr std::string_view kOlderBuildMakefile =
    R"make(build := -f $(abs_srctree)/scripts/Makefile.build obj
comma := ,
pound := \#
dot-target = $(dir $@).$(notdir $@)
escsq = $(subst ','\'',$1)
make-cmd = $(call escsq,$(subst $(pound),$$(pound),$(subst $$,$$$$,$(cmd_$(1)))))
cmd = @$(cmd_$(1))
cmd_cc_o_c = $(CC) $(KCFLAGS) $(ccflags-y) -I. -c -o $@ $<
cmd_objtool = $(if $(OBJECT_FILES_NON_STANDARD),, ./tools/objtool/objtool orc generate $@)
define rule_cc_o_c
	@$(cmd_$(1))
	@printf '%s\n' 'cmd_$@ := $(make-cmd)' 'source_$@ := $<' > $(dot-target).cmd
	$(call cmd,objtool)
endef
if_changed_rule = $(rule_$(1))
__build:
include $(abs_srctree)/$(obj)/Makefile
KBUILD_SINGLE_TARGETS := $(filter $(obj)/%,$(KBUILD_SINGLE_TARGETS))
folders := $(patsubst %/,$(obj)/%,$(filter %/,$(obj-y)))
here := $(filter $(addprefix $(obj)/,$(obj-y)),$(KBUILD_SINGLE_TARGETS))
unknown := $(filter-out $(addsuffix /%,$(folders)),$(filter-out $(here),$(KBUILD_SINGLE_TARGETS)))
__build: $(here) $(folders)
ifneq ($(unknown),)
	@$(MAKE) -f /dev/null $(unknown)
endif
	@:
.PHONY: $(folders)
$(folders):
	@$(MAKE) $(build)=$@
$(shell mkdir -p $(obj))
FORCE:
$(obj)/%.o: $(abs_srctree)/$(obj)/%.c FORCE
	$(call if_changed_rule,cc_o_c)
)make";

class OlderRecording : public Recording {
 protected:
  OlderRecording() {
    kernel_.put("source/Makefile", kOlderTopMakefile);
    fs::create_directories(kernel_.target.source / "scripts");
    kernel_.put("source/scripts/Makefile.build", kOlderBuildMakefile);
    put("arch/Makefile", "more := arch/lib\nobj-y := one.o\nccflags-y := -DARCH\n");
    put("arch/lib/Makefile", "obj-y := two.o\nccflags-y := -DLIB\n");
    put("fs/Makefile", "obj-y := x.o tool.o uses_gen.o deep/\n"
                       "fs/gen.h: fs/tool.o\n"
                       "\ttest -s $< && echo 'int generated;' >$@\n"
                       "fs/uses_gen.o: fs/gen.h\n");
    put("fs/deep/Makefile", "obj-y := three.o\nccflags-y := -DDEEP\n");
    for (const char* unit : {"arch/one.c", "arch/lib/two.c", "fs/deep/three.c"})
      put(unit, "int i;\n");
  }

  void put(const std::string& path, std::string_view text) {
    fs::create_directories((kernel_.target.source / path).parent_path());
    kernel_.put("source/" + path, text);
  }

  UnitCommand command_of(const std::string& unit) {
    const std::vector<std::string> units{unit};
    const std::vector<UnitCommand> commands = unit_commands(shop_, units, failures_);
    EXPECT_TRUE(failures_.empty()) << failures_.at(0).error.what();
    return commands.empty() ? UnitCommand{} : commands[0];
  }

  static Words with_flag(const char* flag) {
    return {kCompiler, "-ffunction-sections", "-fdata-sections", flag, "-I."};
  }
  const Words objtool_{"./tools/objtool/objtool", "orc", "generate"};
};

TEST_F(OlderRecording, TakesTheOptionsOfTheFolder) {
  EXPECT_EQ(command_of("fs/deep/three.c").compiler, with_flag("-DDEEP"));
  EXPECT_EQ(command_of("arch/one.c").compiler, with_flag("-DARCH"));
  EXPECT_EQ(command_of("arch/lib/two.c").compiler, with_flag("-DLIB"));
  EXPECT_EQ(compiled(), 0u);
}

TEST_F(OlderRecording, TakesObjtoolThatRunsAfterTheCompiler) {
  EXPECT_EQ(command_of("fs/deep/three.c").objtool, objtool_);
  put("fs/deep/Makefile", "obj-y := four.o\nOBJECT_FILES_NON_STANDARD := y\n");
  put("fs/deep/four.c", "int i;\n");
  EXPECT_EQ(command_of("fs/deep/four.c").objtool, Words());
}

TEST_F(OlderRecording, TakesItAlsoWhereAnObjectHadToBeMade) {
  const UnitCommand command = command_of("fs/uses_gen.c");
  EXPECT_EQ(command.objtool, objtool_);
  EXPECT_TRUE(fs::exists(command.generated / "fs/gen.h"));
  EXPECT_EQ(compiled(), 2u);
}

TEST_F(OlderRecording, AsksKbuildWhereTheRecordOfABuildIsWithoutIt) {
  kernel_.target.records = work_.path() / "built";
  fs::create_directories(kernel_.target.records / "fs");
  write_file(kernel_.target.records / "fs/.x.o.cmd", kernel_.record("x", ""));
  EXPECT_EQ(command_of("fs/x.c").objtool, objtool_);
}

} // namespace
} // namespace kpatch::compile
