// SPDX-License-Identifier: GPL-2.0-or-later
// Variables under other names, on objects as the compiler makes them.
#include "diff/compiled.h"
#include "diff/object_builder.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace kpatch::diff::testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class RenamedVariables : public Compiled {
 protected:
  Result compared(const std::string& original, const std::string& patched) {
    const elf::Object before = compile(original);
    return Diffing().run(before, compile(patched));
  }
  static std::string unit(const std::string& variable, const std::string& added = "") {
    return "int other(int);\nstatic int " + variable +
           ";\nint get(void) { return other(" + variable + "); }\nvoid set(int x) { " +
           added + variable + " = x; }\n";
  }
};

TEST_F(RenamedVariables, AreTheSame) {
  const Result result = compared(unit("count"), unit("total"));
  EXPECT_EQ(result.exit, Exit::kNoChange);
  EXPECT_THAT(lines(result),
              Contains("NOTICE: total is the count of the original under another name"));
}

TEST_F(RenamedVariables, AreTheKernelsInCodeThatChanges) {
  const Result result = compared(unit("count"), unit("total", "other(x); "));
  EXPECT_THAT(lines(result), Contains("changed function: set"));
  EXPECT_THAT(lines(result), Not(Contains("changed function: get")));
  ASSERT_TRUE(result.delta);
  const elf::Object& delta = result.delta->object;
  ASSERT_TRUE(delta.find_symbol("count"));
  EXPECT_TRUE(delta.symbols[delta.find_symbol("count")].is_undefined());
  EXPECT_FALSE(delta.find_symbol("total"));
}

TEST_F(RenamedVariables, AreRefusedWhereAllTheirCodeChanges) {
  const auto one_user = [](const std::string& variable, const std::string& value) {
    return "static int " + variable + ";\nint next(int x) { return " + variable +
           " += x " + value + "; }\n";
  };
  const Result result = compared(one_user("count", ""), one_user("total", "* 3"));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kLostStaticLocal});
  EXPECT_THAT(result.problems[0].message,
              HasSubstr("variable count is gone and total is"));
}

TEST_F(RenamedVariables, AreRefusedWhereOneBecomesTwo) {
  const Result result =
      compared(unit("count"),
               "int other(int);\nstatic int first, second;\n"
               "int get(void) { return other(first); }\n"
               "void set(int x) { second = x; }\nint both(void) { first = 1; return "
               "second; }\n");
  EXPECT_THAT(codes(result), Contains(code::kLostStaticLocal));
}

TEST_F(RenamedVariables, DoNotChangeTheirFirstValue) {
  const auto with_value = [](const std::string& variable, const std::string& value) {
    return "static int " + variable + value + ";\nint get(void) { return " + variable +
           "; }\nvoid set(int x) { " + variable + " = x; }\n";
  };
  EXPECT_EQ(codes(compared(with_value("count", ""), with_value("total", " = 7"))),
            std::vector<std::string>{code::kLostStaticLocal});
}

TEST_F(RenamedVariables, OfOtherLooksAreNew) {
  const Result result = compared(
      unit("count"), "int other(int);\nstatic long total[4];\nint get(void) { return "
                     "other(total[1]); }\nvoid set(int x) { total[1] = x; }\n");
  EXPECT_EQ(codes(result), std::vector<std::string>{});
}

} // namespace
} // namespace kpatch::diff
