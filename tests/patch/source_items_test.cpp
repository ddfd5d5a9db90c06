// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/source_items.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kpatch::patch {
namespace {
using Names = std::vector<std::string>;

Names sorted(const std::vector<std::string_view>& names) {
  Names result(names.begin(), names.end());
  std::ranges::sort(result);
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

/// What the only item of the text defines.
Names defined(std::string_view text) {
  const std::vector<SourceItem> items = source_items(text);
  EXPECT_EQ(items.size(), 1u) << text;
  return items.empty() ? Names() : sorted(items[0].defines);
}

TEST(SourceItems, KnowWhatTheyDefine) {
  const std::pair<const char*, Names> cases[] = {
      {"struct a { int b; };", {"a"}},
      {"struct a { struct c { int d; } e; } f;", {"a", "c", "f"}},
      {"enum a { B, C = 2,\n D };", {"B", "C", "D", "a"}},
      {"typedef struct a b_t;", {"b_t"}},
      {"typedef int (*f_t)(struct a *);", {"f_t"}},
      {"extern struct a *b, c[2];", {"b", "c"}},
      {"int a(struct b *c) __must_hold(&x);", {"a"}},
      {"static inline struct a *f(int b) { return g(b); }", {"f"}},
      {"static inline __printf(1, 2) void f(int b, ...) { }", {"f"}},
      {"int (*handler)(int);", {"handler"}},
      {"extern int a __read_mostly;", {"__read_mostly", "a"}},
      {"struct a { int b; } ____cacheline_aligned;", {"a"}},
      {"enum a { B } __packed;", {"B", "a"}},
      {"typedef struct { int b; } __c_t;", {"__c_t"}},
      {"static struct a { int b; } __c;", {"__c", "a"}},
      {"#define M(x) f(x)\n", {"M"}},
      {"#undef M\n", {"M"}},
      {"struct __attribute__((packed)) a { int b; };", {"a"}},
  };
  for (const auto& [text, names] : cases)
    EXPECT_EQ(defined(text), names) << text;
}

TEST(SourceItems, AreCutWhereDefinitionsEnd) {
  const std::vector<SourceItem> items = source_items(
      "PAGEFLAG(Error, error)\nPAGEFLAG(Dirty, dirty);\n"
      "static inline int f(int a)\n#ifdef X\n{ if (a) {\n#else\n{ {\n#endif\n"
      "return a; } }\nstruct s { int x; };\nint table[] = { 1 };\nint g(void) { }\n");
  ASSERT_EQ(items.size(), 6u);
  EXPECT_EQ(items[0].calls, "PAGEFLAG");
  EXPECT_EQ(sorted(items[1].defines_made_of), (Names{"Dirty", "dirty"}));
  EXPECT_EQ(sorted(items[2].defines), Names{"f"});
  EXPECT_FALSE(items[2].emits);
  EXPECT_FALSE(items[3].emits);
  EXPECT_TRUE(items[4].emits);
  EXPECT_TRUE(items[5].emits);
  for (const SourceItem& item : items)
    EXPECT_FALSE(item.is_unclear);
}

TEST(SourceItems, MentionTheirConditions) {
  const std::vector<SourceItem> items =
      source_items("#if defined(A) && B\nint x;\n#else\nint x;\n#endif\nint y;\n");
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(sorted(items[0].mentions), (Names{"A", "B", "defined", "x"}));
  EXPECT_NE(items[0].identity, items[1].identity);
  EXPECT_EQ(sorted(items[2].mentions), Names{"y"});
}

// Millions of a driver's register numbers need not be kept for their names alone.
TEST(SourceItems, MentionNeitherTheDirectiveNorTheGuardOfTheFile) {
  const auto items =
      source_items("#ifndef H_H\n#define H_H\n#define REGISTER 0x10\n"
                   "#ifndef OTHER\n#define NEXT REGISTER\n#endif\n#endif\n");
  ASSERT_EQ(items.size(), 3u);
  EXPECT_TRUE(items[0].is_unclear); // where it is defined before, nothing is read
  EXPECT_FALSE(items[1].is_unclear);
  EXPECT_EQ(sorted(items[1].mentions), Names{"REGISTER"});
  EXPECT_EQ(sorted(items[2].mentions), (Names{"NEXT", "OTHER", "REGISTER", "ifndef"}));
}

TEST(SourceItems, AreUnclearWhereTheTextDoesNotTell) {
  EXPECT_TRUE(source_items("static inline int f(void) { {").back().is_unclear);
  EXPECT_TRUE(source_items("} int x;").front().is_unclear);
  EXPECT_TRUE(source_items("asm(\"nop\");").front().is_unclear);
  EXPECT_TRUE(source_items("#pragma pack(1)\n").front().is_unclear);
}

TEST(SourceItems, ListThePiecesOfPastedNames) {
  const std::vector<SourceItem> items =
      source_items("#define OP(x, y) a_##x(y) + x##_b_##y, ##y\n");
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].pastes, (std::vector<PastedName>{{"a_", ""}, {"", "_b_", ""}}));
  EXPECT_TRUE(items[0].is_macro_with_arguments);
}

TEST(IncludeNames, AreThoseOfIncludeLines) {
  EXPECT_EQ(
      include_names("#include <a/b.h>\n# include \"c.h\" /* x */\n// #include <d>\n"),
      (std::vector<std::string>{"<a/b.h>", "\"c.h\""}));
}

} // namespace
} // namespace kpatch::patch
