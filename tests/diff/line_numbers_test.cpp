// SPDX-License-Identifier: GPL-2.0-or-later
// Lines that moved, known by their values, in objects that the compiler makes here.
#include "diff/compiled.h"
#include "diff/object_builder.h"

namespace kpatch::diff {
namespace {

using namespace testing;

using MovedLines = Compiled;

constexpr const char* kReports =
    "void report(int cpu, const char *file, int line);\n"
    "#define TRACE(cpu) report(cpu, __FILE__, __LINE__)\n"
    "static inline void inner(int n, int line) { report(n, 0, line); }\n"
    "#define INNER(n) inner(n, __LINE__)\n"
    "static inline void check(int n)\n"
    "{\n"
    "  if (n > 7)\n"
    "    TRACE(n);\n"
    "}\n"
    "int f(int n)\n"
    "{\n"
    "  check(n);\n"
    "  INNER(n);\n"
    "  if (n < 3)\n"
    "    TRACE(n +\n"
    "          1);\n"
    "  return n;\n"
    "}\n";

TEST_F(MovedLines, AreNoChangeWhoeverIsToldOfThem) {
  const std::string moved = std::string("\n\n\n") + kReports;
  const Result result = Diffing().run(compile(kReports, {"-g"}), compile(moved, {"-g"}));
  EXPECT_EQ(result.exit, Exit::kNoChange);
  EXPECT_TRUE(result.functions.empty());
}

TEST_F(MovedLines, AreFoundInCompressedDebugInformation) {
  const std::string moved = std::string("\n\n\n") + kReports;
  const std::vector<std::string> options = {"-g", "-gz=zlib", "-gdwarf-4"};
  EXPECT_EQ(Diffing().run(compile(kReports, options), compile(moved, options)).exit,
            Exit::kNoChange);
}

TEST_F(MovedLines, NeedDebugInformationAndAreAskedFor) {
  const std::string moved = std::string("\n\n\n") + kReports;
  const Result result = Diffing().run(compile(kReports), compile(moved));
  EXPECT_TRUE(says(result, "changed function: f"));
  EXPECT_TRUE(result.wants_debug_info);
}

/// f passes `constant` from the fifth line on.
std::string passing(const std::string& constant, const std::string& before = {}) {
  return before + "void report(int n);\n\n\nint f(int n)\n{ report(" + constant +
         "); return n; }\n";
}

TEST_F(MovedLines, AreNoExcuseForANumberThatIsNoLine) {
  const Result result = Diffing().run(compile(passing("100"), {"-g"}),
                                      compile(passing("102", "\n\n"), {"-g"}));
  EXPECT_TRUE(says(result, "changed function: f"));
  EXPECT_FALSE(result.wants_debug_info);
}

TEST_F(MovedLines, AreNoExcuseForANumberThatIsItsLineOnOneSideOnly) {
  const elf::Object original = compile(passing("5"), {"-g"});
  EXPECT_TRUE(says(Diffing().run(original, compile(passing("6"), {"-g"})),
                   "changed function: f"));
  EXPECT_TRUE(says(
      Diffing().run(compile(passing("4"), {"-g"}), compile(passing("7", "\n\n"), {"-g"})),
      "changed function: f"));
}

TEST_F(MovedLines, DoNotHideAChangeBesideThem) {
  std::string moved = std::string("\n\n\n") + kReports;
  moved.replace(moved.find("n > 7"), 5, "n > 8");
  const Result result = Diffing().run(compile(kReports, {"-g"}), compile(moved, {"-g"}));
  EXPECT_TRUE(says(result, "changed function: f"));
}

/// f hands a literal with a place in it.
std::string telling(const std::string& file, const std::string& line) {
  return "#define TEXT_(x) #x\n#define TEXT(x) TEXT_(x)\n"
         "void tell(const char *text);\n"
         "void f(void) { tell(" +
         file + " \":\" TEXT(" + line + ") \": bad block\"); }\n";
}

TEST_F(MovedLines, AreNoChangeInLiteralsBehindTheNameOfTheFile) {
  const std::string source = telling("__FILE__", "__LINE__");
  EXPECT_EQ(Diffing().run(compile(source, {"-g"}), compile("\n\n" + source, {"-g"})).exit,
            Exit::kNoChange);
  EXPECT_TRUE(Diffing().run(compile(source), compile("\n\n" + source)).wants_debug_info);
}

TEST_F(MovedLines, OfLiteralsHaveToBeTheirOwn) {
  EXPECT_TRUE(says(Diffing().run(compile(telling("__FILE__", "14"), {"-g"}),
                                 compile("\n" + telling("__FILE__", "15"), {"-g"})),
                   "changed function: f"));
  const std::string other_text = telling("\"port\"", "__LINE__");
  EXPECT_TRUE(
      says(Diffing().run(compile(other_text, {"-g"}), compile("\n" + other_text, {"-g"})),
           "changed function: f"));
}

TEST_F(MovedLines, OfCallersOfAFunctionThatWarnsAreKnownWithoutDebugInformation) {
  const std::string source = "void __warn_printk(const char *text, int line);\n"
                             "void f(int n) { if (n) __warn_printk(\"n\", __LINE__); }\n";
  const Result result = Diffing().run(compile(source), compile("\n" + source));
  EXPECT_EQ(result.exit, Exit::kNoChange);
  EXPECT_TRUE(result.wants_debug_info); // whether it is a line, only that tells
}

TEST_F(MovedLines, AreNoExcuseForANumberOnTheWayToAMessage) {
  const auto limited = [](const std::string& limit) {
    return "int _printk(const char *text, ...);\nlong f(long *at, long n)\n"
           "{ *at = n < " +
           limit + " ? n : " + limit + "; return _printk(\"x\") + n; }\n" +
           "int g(void) { return _printk(\"%d\", " + limit + "); }\n";
  };
  const Result result =
      Diffing().run(compile(limited("10000"), {"-g"}), compile(limited("20000"), {"-g"}));
  EXPECT_TRUE(says(result, "changed function: f"));
  EXPECT_TRUE(says(result, "changed function: g"));
}

} // namespace
} // namespace kpatch::diff
