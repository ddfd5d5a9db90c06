// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.h"
#include "patch/c_lexer.h"
#include "patch/line_fix.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace kpatch::patch {
namespace {

TEST(LineFix, SaysWhichLineFollowsAChange) {
  EXPECT_EQ(with_original_lines("a;\nb;\nc;\n", "a;\nx;\nb;\nc;\n"),
            "a;\nx;\n#line 2\nb;\nc;\n");
  EXPECT_EQ(with_original_lines("a;\nb;\nc;\n", "a;\nc;\n"), "a;\n#line 3\nc;\n");
  EXPECT_EQ(with_original_lines("a;\nb;\nc;\n", "a;\nx;\nc;\n"), "a;\nx;\nc;\n");
  EXPECT_EQ(with_original_lines("a;\n", "a;\nb;\n"), "a;\nb;\n");
}

TEST(LineFix, CutsNothing) {
  // A macro call, a macro, a comment, a literal, and a name with its parenthesis below.
  EXPECT_EQ(with_original_lines("f(a,\n b);\nc;\n", "f(a, x,\ny,\n b);\nc;\n"),
            "f(a, x,\ny,\n b);\n#line 3\nc;\n");
  EXPECT_EQ(with_original_lines("#define A \\\n 1\nc;\n", "#define A \\\n2 \\\n 1\nc;\n"),
            "#define A \\\n2 \\\n 1\n#line 3\nc;\n");
  EXPECT_EQ(with_original_lines("/*\n b */ int x;\nc;\n", "/*\n a\n b */ int x;\nc;\n"),
            "/*\n a\n b */ int x;\n#line 3\nc;\n");
  EXPECT_EQ(with_original_lines("s = \"a\\\nb\";\nc;\n", "s = \"a\\\nx\\\nb\";\nc;\n"),
            "s = \"a\\\nx\\\nb\";\n#line 3\nc;\n");
  EXPECT_EQ(with_original_lines("f\n(a);\nc;\n", "x;\nf\n(a);\nc;\n"),
            "x;\n#line 1\nf\n(a);\nc;\n");
  EXPECT_EQ(with_original_lines("f\n(a);\nc;\n", "f\n\n(a);\nc;\n"),
            "f\n\n(a);\n#line 3\nc;\n");
}

TEST(LineFix, RepeatsItselfWhereABranchMayNotBeCompiled) {
  EXPECT_EQ(with_original_lines("#if A\na;\n#else\nb;\n#endif\nc;\n",
                                "#if A\nx;\na;\n#else\nb;\n#endif\nc;\n"),
            "#if A\nx;\n#line 2\na;\n#else\n#line 4\nb;\n#endif\n#line 6\nc;\n");
}

/// Some lines that follow each other, with a marker in the last one.
std::string random_piece(std::mt19937& random, int id) {
  const std::string n = std::to_string(id); // makes every line another one
  const std::string marker = "m" + n + " __LINE__;\n";
  switch (random() % 8) {
  case 0: return "f(a" + n + ",\n  \"(" + n + "\", g(b)\n /*" + n + "*/);\n" + marker;
  case 1: return "/* " + n + "\n two ( " + n + " */ int x;\n" + marker;
  case 2: return "#define M" + n + "(x) \\\n " + n + " \\\n ( " + n + "\n" + marker;
  case 3: return "s = \"it\\\n's" + n + "\" '\\'';\n" + marker;
  case 4:
    return "#if " + n + "000000 > 1\nkept" + n + ";\n#else // " + n + "\nleft" + n +
           ";\n#endif // " + n + "\n" + marker;
  case 5: return "#ifndef NOT" + n + "\n" + marker + "#endif // " + n + "\n";
  case 6: return "// " + n + " \\\n goes on " + n + "\n\n" + marker;
  default: return marker;
  }
}

std::string preprocessed(const std::string& text) {
  return run_checked({.argv = {"gcc", "-E", "-P", "-xc", "-"}, .input = text});
}

/// The number that follows each marker.
std::map<std::string, std::string> marked_lines(const std::string& text) {
  const std::string output = preprocessed(text);
  const std::vector<Token> tokens = tokens_of(output);
  std::map<std::string, std::string> lines;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
    if (tokens[i].text[0] == 'm')
      lines[std::string(tokens[i].text)] = tokens[i + 1].text;
  return lines;
}

TEST(LineFix, KeepsTokensAndLinesOfRandomSources) {
  std::mt19937 random(20240607);
  for (int round = 0; round < 25; ++round) {
    std::string original;
    std::string patched;
    std::vector<int> common;
    for (int id = 0; id < 30; ++id) {
      const std::string piece = random_piece(random, id);
      const unsigned fate = random() % 8;
      original += fate == 0 ? "" : piece;
      patched += fate == 1 ? "" : piece;
      if (fate > 1)
        common.push_back(id);
    }
    const std::string fixed = with_original_lines(original, patched);
    std::string without;
    for (std::size_t at = 0; at < fixed.size();) {
      const std::size_t end = fixed.find('\n', at) + 1;
      if (fixed.compare(at, 6, "#line ") != 0)
        without += fixed.substr(at, end - at);
      at = end;
    }
    EXPECT_EQ(without, patched);
    const auto before = marked_lines(original);
    const auto after = marked_lines(fixed);
    for (const int id : common) {
      const std::string marker = "m" + std::to_string(id);
      EXPECT_EQ(before.at(marker), after.at(marker)) << marker << "\n" << fixed;
    }
  }
}

} // namespace
} // namespace kpatch::patch
