// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "kernel/recorded_command.h"

#include <gtest/gtest.h>

namespace kpatch::kernel {
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

TEST(RecordedCommand, IsALineForAShellWhereThatIsWanted) {
  EXPECT_EQ(recorded_text("savedcmd_a/m := { echo $$x; } > a/m \n\ndeps_a/m :=\n"),
            "{ echo $x; } > a/m ");
  EXPECT_EQ(recorded_text("cmd_a/m :=  \n"), std::nullopt);
  EXPECT_EQ(recorded_text("deps_a/m := x\n"), std::nullopt);
}

} // namespace
} // namespace kpatch::kernel
