// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "compile/recorded_command.h"
#include "compile/unit_command.h"

#include <gtest/gtest.h>

namespace kpatch::compile {
namespace {

using Words = std::vector<std::string>;

RecordedCommand parse(const std::string& command) {
  return parse_recorded_command(
      "cmd_a/x.o := " + command + "\n\nsource_a/x.o := /s/a/x.c\n", "a/.x.o.cmd");
}

TEST(RecordedCommand, SplitsWordsAsAShellDoes) {
  const RecordedCommand recorded =
      parse(R"( gcc  -DA='"x y"' -D"B(s)=\"\\" -D'C'=\ d ''  -c)");
  EXPECT_EQ(recorded.programs.at(0),
            (Words{"gcc", "-DA=\"x y\"", "-DB(s)=\"\\", "-DC= d", "", "-c"}));
  EXPECT_EQ(recorded.source, "/s/a/x.c");
}

TEST(RecordedCommand, UndoesTheEscapesOfMake) {
  EXPECT_EQ(parse("gcc -D'A=$$x$(pound)y'").programs.at(0), (Words{"gcc", "-DA=$x#y"}));
}

TEST(RecordedCommand, PartsProgramsAtSemicolons) {
  const RecordedCommand recorded = parse("gcc a.c ; ./tools/objtool/objtool --orc a.o;");
  ASSERT_EQ(recorded.programs.size(), 2u);
  EXPECT_EQ(recorded.programs[1], (Words{"./tools/objtool/objtool", "--orc", "a.o"}));
}

TEST(RecordedCommand, ReadsTheNewerSpelling) {
  const RecordedCommand recorded = parse_recorded_command(
      "savedcmd_a/x.o := gcc\n\nsource_a/x.o := /s/a/x.c\n", "a/.x.o.cmd");
  EXPECT_EQ(recorded.programs.at(0), Words{"gcc"});
}

TEST(RecordedCommand, RefusesWhatNeedsAShell) {
  for (const char* command : {"gcc $$(id)", "gcc `id`", "gcc | sh", "gcc && x", "gcc > f",
                              "gcc \"$$x\"", "(gcc)", "gcc 'x", "gcc \"x", "gcc \\"})
    EXPECT_THROW(parse(command), Error) << command;
  EXPECT_THROW(parse(""), Error);
  EXPECT_THROW(parse_recorded_command("deps_a/x.o :=\n", "a/.x.o.cmd"), Error);
}

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
            (Words{"gcc", "-DMODULE", "-I@SOURCE@/arch/kvm/../../virt"}));
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

} // namespace
} // namespace kpatch::compile
