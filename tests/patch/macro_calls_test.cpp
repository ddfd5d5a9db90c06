// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/macro_calls.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::patch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string>;

/// What the items of a header define, with its macro calls expanded; a call that is left
/// as "NAME()".
Names defined(std::string_view header) {
  std::deque<std::string> texts;
  Names names;
  for (const SourceItem& item : with_calls_expanded(source_items(header), texts))
    if (!item.calls.empty())
      names.push_back(std::string(item.calls) + "()");
    else if (!item.is_macro)
      names.insert(names.end(), item.defines.begin(), item.defines.end());
  return names;
}

TEST(MacroCalls, AreReplacedByWhatTheyDeclare) {
  EXPECT_THAT(
      defined("#define A(x) int a_##x; int b_##x##_c;\nA(one)\nA(two);\nint z;\n"),
      ElementsAre("a_one", "b_one_c", "a_two", "b_two_c", "z"));
  EXPECT_THAT(defined("#define A(x, ...) int x;\nA(one)\n"), ElementsAre("A()"));
  EXPECT_THAT(defined("#define A(x, y...) int x;\nA(one)\n"), ElementsAre("A()"));
  EXPECT_THAT(defined("#define A(x) int x;\nA(one, two)\n"), ElementsAre("A()"));
  EXPECT_THAT(defined("B(one)\n"), ElementsAre("B()"));
}

TEST(MacroCalls, AreFollowedThroughOtherMacrosOfTheHeader) {
  EXPECT_THAT(defined("#define A(x) B(x) int a_##x;\n#define B(y) int b_##y;\nA(one)\n"),
              ElementsAre("b_one", "a_one"));
  EXPECT_THAT(defined("#define A(x) ELSEWHERE(x) int a_##x;\nA(one)\n"),
              ElementsAre("A()"));
  EXPECT_THAT(defined("#define A(x) A(x)\nA(one)\n"), ElementsAre("A()"));
  EXPECT_THAT(defined("#define A(x) B_##x(x)\n#define B_1(x) int x;\nA(1)\n"), IsEmpty());
}

TEST(MacroCalls, HaveAllDefinitionsOfTheirMacro) {
  const std::string either = "#ifdef C\n#define A(x) int a_##x;\n#else\n"
                             "#define A(x) int b_##x;\n#endif\n";
  EXPECT_THAT(defined(either + "A(one)\n"), ElementsAre("A()")); // may be another's
  EXPECT_THAT(defined("#define A(x) int c_##x;\n" + either + "A(one)\n"),
              ElementsAre("c_one", "a_one", "b_one"));
  EXPECT_THAT(defined("#define A(x) int a_##x;\nA(one)\n#undef A\n"), ElementsAre("A()"));
  EXPECT_THAT(defined("#ifdef C\n#define A(x) int a_##x;\nA(one)\n#endif\n"),
              ElementsAre("a_one"));
}

TEST(MacroCalls, AreLeftWhereTheyMakeNoWholeItems) {
  EXPECT_THAT(defined("#define A(x) struct x {\nA(one)\nint a; };\n"),
              testing::Contains("A()"));
  EXPECT_THAT(defined("#define A(x) int x;\nA(\n#ifdef C\none\n#else\ntwo\n#endif\n)\n"),
              ElementsAre("A()"));
}

TEST(MacroCalls, SayWhichWordsGoThroughAnotherMacro) {
  std::deque<std::string> texts;
  const std::string header = "#define A(x, y) B(x, C_##y) int a_##y;\n"
                             "#define B(x, y) int b_##x = y;\nA(one, two)\n";
  const std::vector<SourceItem> items = with_calls_expanded(source_items(header), texts);
  ASSERT_EQ(items.size(), 4u);
  EXPECT_THAT(items[2].handed_on, ElementsAre("one"));
  EXPECT_THAT(items[2].mentions, ElementsAre("C_two", "b_one"));
  EXPECT_THAT(items[3].handed_on, IsEmpty());
  EXPECT_THAT(defined("#define one 1\n" + header), ElementsAre("A()"));
  EXPECT_THAT(defined("#define one(x) 1\n" + header + "#undef one\n"),
              ElementsAre("b_one", "C_two", "a_two"));
}

TEST(MacroCalls, ThatMakeTooMuchAreLeft) {
  std::string header = "#define A0(x) int x##x##x##x##x##x##x##x##x##x;\n";
  for (int i = 0; i < 7; ++i)
    header += fmt::format("#define A{}(x) A{}(x##x##x##x##x##x##x##x##x##x)\n", i + 1, i);
  EXPECT_THAT(defined(header + "A7(one)\n"), ElementsAre("A7()"));
  header = "#define A0(x)\n";
  for (int i = 0; i < 7; ++i)
    header += fmt::format("#define A{}(x) A{}(x) A{}(x) A{}(x) A{}(x) A{}(x) A{}(x) "
                          "A{}(x) A{}(x) A{}(x) A{}(x)\n",
                          i + 1, i, i, i, i, i, i, i, i, i, i);
  EXPECT_THAT(defined(header + "A7(one)\n"), ElementsAre("A7()"));
}

} // namespace
} // namespace kpatch::patch
