// SPDX-License-Identifier: GPL-2.0-or-later
// Units in which nothing but init or exit code changes.
#include "diff/compiled.h"
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;

elf::Object unit(const std::string& section, std::uint8_t init, std::uint8_t code,
                 std::uint8_t data = 0) {
  ObjectBuilder builder;
  builder.function("f", {code, kRet});
  builder.variable("live", {data});
  const elf::SectionId home = builder.section(
      {.name = section, .flags = SHF_ALLOC | SHF_EXECINSTR, .data = {0x90, init, kRet}});
  builder.define("setup", STT_FUNC, home, 3);
  return builder.build();
}

TEST(OnlyInitCode, ChangesNothingThatRuns) {
  for (const std::string section : {".init.text", ".exit.text"}) {
    const Result result = Diffing().run(unit(section, 1, 0x90), unit(section, 2, 0x90));
    EXPECT_EQ(result.exit, Exit::kNoChange);
    EXPECT_EQ(codes(result), std::vector<std::string>{});
    EXPECT_TRUE(says(result, "NOTICE: KP2021: the change of setup in " + section +
                                 " changes nothing that runs, and is all that changes in "
                                 "this unit: it is left out"))
        << section;
  }
}

TEST(OnlyInitCode, IsRefusedWhereUnitsMayNotBeLeftOut) {
  Diffing diffing;
  diffing.init_changes = InitChanges::kRefuse;
  const Result result =
      diffing.run(unit(".init.text", 1, 0x90), unit(".init.text", 2, 0x90));
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kInitChange});
}

TEST(OnlyInitCode, IsRefusedBesideAChangedFunction) {
  const Result result =
      Diffing().run(unit(".init.text", 1, 0x90), unit(".init.text", 2, 0xcc));
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kInitChange});
}

TEST(NewInitCode, IsRefusedForItWouldNotRun) {
  ObjectBuilder before;
  before.function("runs", {0x90, kRet});
  const elf::Object original = before.build();
  EXPECT_EQ(codes(Diffing().run(original, unit(".init.text", 1, 0xcc))),
            std::vector<std::string>{code::kInitChange});
  Diffing leaving_out;
  leaving_out.init_changes = InitChanges::kLeaveOut;
  const Result result = leaving_out.run(original, unit(".init.text", 1, 0xcc));
  EXPECT_EQ(codes(result), std::vector<std::string>{});
  EXPECT_TRUE(says(result, "NOTICE: the change of setup in .init.text is left out: it "
                           "will not run"));
}

class Initcalls : public Compiled {};

TEST_F(Initcalls, OfAnotherLevelAreSaidToBeLeftOut) {
  const auto at_level = [&](const std::string& level, const std::string& answer) {
    return compile("int f(int a) { return a + " + answer +
                   "; }\nstatic int __attribute__((section(\".init.text\"), used)) "
                   "setup(void) { return 0; }\n__asm__(\".section .initcall" +
                   level + ".init, \\\"a\\\"\\n.long setup - .\\n.previous\");\n");
  };
  const Result result = Diffing().run(at_level("4", "1"), at_level("7", "2"));
  EXPECT_EQ(codes(result), std::vector<std::string>{});
  EXPECT_TRUE(says(result, "NOTICE: setup in .initcall7.init is left out: nothing calls "
                           "it, for it would run only when its object is loaded or "
                           "unloaded"));
}

TEST(OnlyInitCode, IsNoExcuseForLiveData) {
  const Result result =
      Diffing().run(unit(".init.text", 1, 0x90, 1), unit(".init.text", 2, 0x90, 2));
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kChangedSection});
}

} // namespace
} // namespace kpatch::diff
