// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/c_lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace kpatch::patch {
namespace {

std::vector<std::string> texts(std::string_view source) {
  std::vector<std::string> result;
  for (const Token& token : tokens_of(source))
    result.emplace_back(token.text);
  return result;
}

TEST(CLexer, SplitsWhatACompilerSplits) {
  EXPECT_EQ(texts("a+=0x1p-3->b /* \" */ \"\\\"/*\" '\\'' // x\\\n y\n.5e+1"),
            (std::vector<std::string>{"a", "+=", "0x1p-3", "->", "b", "\"\\\"/*\"",
                                      "'\\''", ".5e+1"}));
}

TEST(CLexer, KnowsLinesAndDirectives) {
  const std::vector<Token> tokens = tokens_of("#define f(x) \\\n  x\n/* \n */ g");
  ASSERT_EQ(tokens.size(), 8u);
  EXPECT_EQ(tokens[6].line, 2u);
  EXPECT_TRUE(tokens[6].in_directive);
  EXPECT_EQ(tokens[7].line, 4u);
  EXPECT_FALSE(tokens[7].in_directive);
  EXPECT_TRUE(tokens[7].begins_line);
}

TEST(CLexer, EndsOnAnyBytes) {
  EXPECT_EQ(texts("\"open\nb").back(), "b");
  EXPECT_EQ(texts("a /* open").size(), 1u);
  EXPECT_EQ(texts("a \\").size(), 2u);
  EXPECT_EQ(texts(std::string_view("\0\xff", 2)).size(), 2u);
}

TEST(SameTokens, PassOverCommentsAndShape) {
  EXPECT_TRUE(same_tokens("int a; // x\nint b;", "int a;\n\n/* y */ int\tb;\n"));
  EXPECT_TRUE(same_tokens("#define A \\\n 1\n", "#define A /* x */ 1 // y\n"));
  EXPECT_FALSE(same_tokens("int a;", "int b;"));
  EXPECT_FALSE(same_tokens("int a;", "int a; int b;"));
  EXPECT_FALSE(same_tokens("\"a b\"", "\"a  b\""));
  EXPECT_FALSE(same_tokens("#define f(x) 1\n", "#define f (x) 1\n"));
  EXPECT_FALSE(same_tokens("#define A\n1\n", "#define A 1\n"));
  EXPECT_FALSE(same_tokens("#define A\n#define B\n", "#define A #define B\n"));
  EXPECT_FALSE(same_tokens("a ++ b", "a + + b"));
}

TEST(Directives, AreLinesThatBeginWithAHash) {
  const auto found = directives_of("# include <a//b.h> \nx # y\n  #define  F(x) 1\n#\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].word, "include");
  EXPECT_EQ(found[0].rest, "<a//b.h> ");
  EXPECT_EQ(found[1].word, "define");
  EXPECT_EQ(found[1].rest, "F(x) 1");
  EXPECT_EQ(found[2].word, "");
}

} // namespace
} // namespace kpatch::patch
