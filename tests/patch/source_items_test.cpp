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

TEST(Inclusions, AreThoseThatAreNoComment) {
  EXPECT_EQ(inclusions("#include <a/b.h>\n# include \"c.h\" /* x */\n// #include <d>\n"),
            (std::vector<Inclusion>{{"<a/b.h>", ""}, {"\"c.h\"", ""}}));
}

TEST(Inclusions, AreConditionalBelowMoreThanTheGuard) {
  EXPECT_EQ(
      inclusions("#ifndef A_H\n#define A_H\n#include <a.h>\n#ifdef B\n"
                 "#include <b.h>\n#endif\n#include <c.h>\n#endif\n"),
      (std::vector<Inclusion>{{"<a.h>", ""}, {"<b.h>", "#\nifdef\nB\n"}, {"<c.h>", ""}}));
}

/// What means something else, on either side, when the first text becomes the second;
/// "all" if that is all.
Names changed(const std::string& original, const std::string& patched) {
  std::vector<std::string_view> names;
  const SourceItem one = source_items(original).at(0),
                   other = source_items(patched).at(0);
  for (const auto& [from, to] : {std::pair(&one, &other), {&other, &one}})
    if (const auto some = changed_names(*from, *to))
      names.insert(names.end(), some->begin(), some->end());
    else
      return {"all"};
  return sorted(names);
}

TEST(ChangedNames, OfEnumerationsAreTheConstantsOfAnotherValue) {
  const std::string before = "enum a { B, C, D = 7, E, F = (G | 1) };";
  EXPECT_EQ(changed(before, "enum a { B, C, D = 7, E, N, F = (G | 1) };"), Names{"N"});
  EXPECT_EQ(changed(before, "enum a { B, C, D = 8, E, F = (G | 1), };"),
            (Names{"D", "E"}));
  EXPECT_EQ(changed(before, "enum a { N, B, C, D = 7, E, F = (G | 1) };"),
            (Names{"B", "C", "N"}));
  EXPECT_EQ(changed("enum { B };", "enum { B, C };"), Names{"C"});
}

TEST(ChangedNames, OfEnumerationsAreAllWhereTheTypeMayBeAnother) {
  const std::string before = "enum a { B, C };";
  for (const char* after :
       {"enum a { B, C, N = -1 };", "enum a { B, C, N = 1UL << 40 };",
        "enum a { B, LIST(C) };", "enum a { B, C = N };", "enum a { B, C, N } __packed;",
        "enum b { B, C, N };", "enum a { B, C,\n#ifdef X\nN\n#endif\n};",
        "enum a { B, C, N } x;", "struct a { int B, C, N; };"})
    EXPECT_EQ(changed(before, after), Names{"all"}) << after;
}

TEST(SourceItems, OfEnumerationsMentionConstantsByWhichValuesAreGiven) {
  EXPECT_EQ(sorted(source_items("enum a { B, C, D = C + E };").at(0).mentions),
            (Names{"C", "E", "a"}));
}

TEST(SourceItems, KnowWhatMacrosMayBeGiven) {
  const auto in_parentheses = [](const std::string& text) {
    return sorted(source_items(text).at(0).in_parentheses);
  };
  EXPECT_EQ(in_parentheses("struct a {\n\tint b;\n\tM(c, d);\n\tint (*f)(int g);\n};"),
            (Names{"c", "d", "f", "g"}));
  EXPECT_EQ(
      in_parentheses(
          "struct a {\n#ifdef X\nint b;\n#endif\n#if M(Y)\nint c; M(d);\n#endif\n};"),
      (Names{"Y", "d"}));
  EXPECT_EQ(in_parentheses("#if M(X)\nstruct a { int b; };\n#endif\n"), Names{"X"});
  EXPECT_EQ(in_parentheses("int f(void) { g(a\n#ifdef X\n, b);\n#else\n, c);\n#endif\n}"),
            (Names{"a", "b", "c"}));
}

TEST(SourceItems, AreTheSameWithAMacroAmongTheirMembers) {
  const std::vector<SourceItem> items =
      source_items("struct a {\n#define FLAG 1\nint b;\n};\nstruct a { int b; };\n"
                   "struct a {\n#ifdef X\nint b;\n#endif\n};\n");
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[1].identity, items[2].identity);
  EXPECT_NE(items[2].identity, items[3].identity);
}

TEST(SourceItems, OfAssemblyAsideAreTheSameInC) {
  const std::vector<SourceItem> items =
      source_items("#ifndef __ASSEMBLY__\nstruct a { int b; };\n#endif\n"
                   "struct a { int b; };\n"
                   "#ifdef __ASSEMBLY__\nstruct a { int b; };\n#endif\n"
                   "#ifndef __ASSEMBLY__\n#else\nstruct a { int b; };\n#endif\n");
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0].identity, items[1].identity);
  EXPECT_TRUE(items[0].is_for_c_only);
  EXPECT_FALSE(items[1].is_for_c_only);
  EXPECT_NE(items[1].identity, items[2].identity);
  EXPECT_NE(items[1].identity, items[3].identity);
}

TEST(SourceItems, AreTheSameBelowGuardsOfDifferentFiles) {
  const auto identities = [](const std::string& text) {
    std::vector<std::string> found;
    for (const SourceItem& item : source_items(text))
      found.push_back(item.is_guard ? "guard" : item.identity);
    return found;
  };
  const std::string body = "struct a { int n; };\n#endif\n";
  EXPECT_EQ(identities("#ifndef A_H\n#define A_H\n" + body),
            identities("#ifndef B_H\n#define B_H 1\n" + body));
  EXPECT_EQ(identities("#ifndef A_H\n#define A_H\n" + body),
            identities("#ifndef A_H\n#define A_H\n" + body + "/* A_H */\n"));
  // A default, and no guard.
  EXPECT_NE(identities("#ifndef SIZE\n#define SIZE 1\n#endif\nint a;\n"),
            identities("#define SIZE 1\nint a;\n"));
  EXPECT_NE(identities("#ifndef A_H\n#define A_H\n" + body),
            identities("#ifdef CONFIG_A\n#define A_H\n" + body));
}

} // namespace
} // namespace kpatch::patch
