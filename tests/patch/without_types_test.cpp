// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/without_types.h"

#include <gtest/gtest.h>

namespace kpatch::patch {
namespace {

std::string rest_of(std::string_view original, std::string_view patched,
                    const std::set<std::string>& types = {"struct s"}) {
  return without_types(original, patched, types).value_or("nothing");
}

TEST(WithoutTypes, KeepsWhatHasNothingToDoWithTheType) {
  EXPECT_EQ(rest_of("#define N 1\nstruct s {\n\tint a;\n};\nint f(int);\n",
                    "#define N 2\nstruct s {\n\tint a; /* new */\n\tlong b;\n};\n"
                    "int f(long);\nint g(void);\n"),
            "#define N 2\nstruct s {\n\tint a;\n};\nint f(long);\nint g(void);\n");
}

TEST(WithoutTypes, TakesOutWhatNeedsANewMember) {
  EXPECT_EQ(rest_of("struct s { int a; };\nint f(struct s *s) { return s->a; }\n",
                    "struct s { int a; int b[2]; };\n"
                    "#define B(s) ((s)->b[0])\n"
                    "static inline int h(struct s *s) { return B(s); }\n"
                    "int f(struct s *s) { return s->a + h(s); }\n"
                    "int g(struct s *s) { return s->a; }\n"),
            "struct s { int a; };\n\n\n"
            "int f(struct s *s) { return s->a; }\n"
            "int g(struct s *s) { return s->a; }\n");
}

TEST(WithoutTypes, BringsBackWhatNeedsAMemberThatIsGone) {
  EXPECT_EQ(rest_of("struct s { int a; int b; };\nint f(struct s *s) { return s->b; }\n",
                    "struct s { int a; };\nint f(struct s *s) { return s->a; }\n"),
            "struct s { int a; int b; };\nint f(struct s *s) { return s->b; }\n");
}

TEST(WithoutTypes, DoesNotTakeTheWordsOfAMembersTypeForItsName) {
  EXPECT_EQ(rest_of("struct s { int a; };\nint f(int);\n",
                    "struct s { int a; atomic_t b; };\nint f(atomic_t *);\n"),
            "struct s { int a; };\nint f(atomic_t *);\n");
}

TEST(WithoutTypes, TakesTheTypeBelowTheSameCondition) {
  EXPECT_EQ(rest_of("#ifdef A\nstruct s { int a; };\n#else\nstruct s { };\n#endif\n",
                    "#ifdef A\nstruct s { int a; int b; };\n#else\nstruct s { };\n"
                    "#endif\nint f(void);\n"),
            "#ifdef A\nstruct s { int a; };\n#else\nstruct s { };\n#endif\n"
            "int f(void);\n");
}

TEST(WithoutTypes, KeepsMacrosAmongMembersWithThem) {
  EXPECT_EQ(rest_of("struct s {\n#define A 1\n\tint a;\n};\n",
                    "struct s {\n#define A 2\n\tint a;\n\tint b;\n};\nint f(void);\n"),
            "struct s {\n#define A 1\n\tint a;\n};\nint f(void);\n");
}

TEST(WithoutTypes, TakesOutWhatUsesAMemberOfAnotherType) {
  EXPECT_EQ(rest_of("struct s { int a, c; };\nint f(struct s *s) { return s->a; }\n"
                    "int g(struct s *s) { return s->c; }\n",
                    "struct s { int *a, c; };\nint f(struct s *s) { return *s->a; }\n"
                    "int g(struct s *s) { return s->c + 1; }\n"),
            "struct s { int a, c; };\nint f(struct s *s) { return s->a; }\n"
            "int g(struct s *s) { return s->c + 1; }\n");
}

TEST(MembersOfAnotherType, AreThoseOfBothTextsThatAreNotDeclaredAlike) {
  const auto members = [](const char* original, const char* patched) {
    const auto text = [](const char* body) {
      return std::string("struct s { ") + body + " };\n";
    };
    std::string names;
    for (const std::string& name :
         members_of_another_type(text(original), text(patched), "struct s"))
      names += name + " ";
    return names;
  };
  EXPECT_EQ(members("int a;", "int a; int b;"), "");
  EXPECT_EQ(members("int a; int b;", "int b; int a;"), "");
  EXPECT_EQ(members("u8 a;", "u16 a;"), "a ");
  EXPECT_EQ(members("char a[N];", "char a[2 * N];"), "a ");
  EXPECT_EQ(members("unsigned x:1, y:1;", "unsigned x:1, y:2, z:1;"), "y ");
  EXPECT_EQ(members("int (*f)(int);", "int (*f)(int, long a, char);"), "f ");
  EXPECT_EQ(members("struct { u8 a; } b;", "struct { u16 a; } b;"), "a ");
  EXPECT_EQ(members("\n#ifdef X\n int a;\n#endif\n", "\n#ifdef Y\n int a;\n#endif\n"),
            "");
}

TEST(ChangesWhatMentions, LooksAtDefinitionsThatDiffer) {
  const std::string same = "int f(struct s *s) { return s->a; }\n";
  EXPECT_FALSE(changes_what_mentions(same, same + "int g;\n", {"a"}));
  EXPECT_TRUE(changes_what_mentions(same, "", {"a"}));
  EXPECT_TRUE(changes_what_mentions(same, same + "int g(void) { a; }\n", {"a"}));
  EXPECT_FALSE(changes_what_mentions(same, same + "int g(void) { a; }\n", {"b"}));
}

TEST(WithoutTypes, GivesUpWhereItCannotTell) {
  EXPECT_EQ(rest_of("int f(void);\n", "struct s { int a; };\n"), "nothing")
      << "it is new";
  EXPECT_EQ(rest_of("struct s { int a; };\n", "int f(void);\n"), "nothing")
      << "it is gone";
  EXPECT_EQ(rest_of("struct s { int a; };\nenum e { A };\n",
                    "struct s { int a; int b; };\nenum { A, N = offsetof(struct s, b) "
                    "};\n"),
            "nothing")
      << "what the enumeration was is not sure";
  EXPECT_EQ(rest_of("struct s { int a; };\nCALL(x)\n",
                    "struct s { int a; int b; };\nCALL(b)\n"),
            "nothing")
      << "a call defines what its macro says";
}

TEST(WithoutTypes, SurvivesTextsThatEndEarly) {
  const std::string whole = "#ifdef A\nstruct s { int a; };\n#endif\nint f(void);\n";
  for (std::size_t end = 0; end < whole.size(); ++end)
    rest_of("struct s { int a; };\n", whole.substr(0, end));
}

} // namespace
} // namespace kpatch::patch
