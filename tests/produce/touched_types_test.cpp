// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/touched_types.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(TouchedTypes, NamesWhatIsDefinedOtherwise) {
  EXPECT_THAT(types_defined_differently("struct a { int x; };\nunion u { int x; };",
                                        "struct a { int x, y; };\nunion u { long x; };"),
              ElementsAre("struct a", "union u"));
}

TEST(TouchedTypes, SeesIntoNestedBraces) {
  EXPECT_THAT(types_defined_differently("struct a { struct { int x; } in; int last; };",
                                        "struct a { struct { int x; } in; long last; };"),
              ElementsAre("struct a"));
}

TEST(TouchedTypes, CommentsSpacesAndStringsSayNothing) {
  EXPECT_THAT(types_defined_differently(
                  "struct a { int x; };\nchar *s = \"struct b { int x; }\";",
                  "struct a {\n\tint x; /* struct c { } */ // it's\n};\n"
                  "char *s = \"struct b { long x; }\";"),
              IsEmpty());
}

TEST(TouchedTypes, NewAndRemovedTypesAreNobodys) {
  EXPECT_THAT(types_defined_differently("struct a { int x; };", "struct b { int x; };"),
              IsEmpty());
}

TEST(TouchedTypes, UnendedTextIsReadToItsEnd) {
  EXPECT_THAT(types_defined_differently("struct a { int x; /* ", "struct a { int \"\\"),
              ElementsAre("struct a"));
}

TEST(TouchedTypes, AreKeptWhereAHeaderMakesOthersOfThem) {
  const std::string own = "struct a { int x; struct a *next; };\n";
  for (const char* more :
       {"", "struct a;\nint f(struct a *one);", "struct b *f(const struct a one, int);",
        "struct b { int x; }; /* struct a */",
        "static inline int f(struct a *one) { struct a mine = *one; return mine.x; }",
        "#define A(x) struct a x = { 1 }"})
    EXPECT_FALSE(is_kept_in(own + more, "struct a")) << more;
  for (const char* more :
       {"struct b { struct a *one; };", "extern struct a one;", "typedef struct a a_t;",
        "static inline struct a *f(void) { static struct a one; return &one; }",
        "struct b { void (*run)(void); struct a one; };",
        "typedef int (*call)(struct a *);"})
    EXPECT_TRUE(is_kept_in(own + more, "struct a")) << more;
}

TEST(TouchedTypes, AreNamedByMacrosToo) {
  EXPECT_THAT(names_of_type("struct a { int x; };\n#define MINE(x) struct a x\n"
                            "#define MINE_TOO(x) MINE(x)\n#define OTHER(x) struct b x\n"
                            "static inline int f(struct a *one) { return one->x; }\n",
                            "struct a"),
              UnorderedElementsAre("a", "MINE", "MINE_TOO"));
}

} // namespace
} // namespace kpatch::produce
