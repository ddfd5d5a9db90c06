// SPDX-License-Identifier: GPL-2.0-or-later
// Descriptors of -fsanitize=bounds (CONFIG_UBSAN_BOUNDS), which the compiler numbers.
#include "diff/compiled.h"
#include "diff/object_builder.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace kpatch::diff::testing;
using ::testing::ElementsAre;

class SanitizerReports : public Compiled {
 protected:
  elf::Object unit(const std::string& body, const std::string& type = "int") {
    return compile("extern int table[5], counts[7];\nextern int run(int);\n"
                   "int f(int x) { " +
                       body +
                       " }\n"
                       "int g(" +
                       type +
                       " x) { return table[x] + 1; }\n"
                       "int h(int x) { return run(counts[x]) * 2; }\n",
                   {"-fsanitize=bounds"});
  }

  static std::vector<std::string> changed(const Result& result) {
    std::vector<std::string> names;
    for (const FunctionChange& function : result.functions)
      names.push_back(function.name);
    return names;
  }
};

TEST_F(SanitizerReports, ThatGetOtherNumbersAreTheSame) {
  const Result result =
      Diffing().run(unit("return run(x);"), unit("return run(table[x]) + counts[x];"));
  EXPECT_EQ(result.exit, Exit::kSuccess);
  EXPECT_THAT(changed(result), ElementsAre("f"));
}

TEST_F(SanitizerReports, OfAnotherPlaceAreTheSame) {
  const Result result =
      Diffing().run(unit("return run(x);"), unit("return \n run(x) + 1;"));
  EXPECT_THAT(changed(result), ElementsAre("f"));
}

TEST_F(SanitizerReports, OfAnotherTypeAreOthers) {
  // The code is the same, but for what it hands to the handler.
  const Result result = Diffing().run(
      compile("extern int t[5]; int g(int x) { return t[x]; }", {"-fsanitize=bounds"}),
      compile("typedef int other; extern other t[5]; int g(other x) { return t[x]; }",
              {"-fsanitize=bounds"}));
  EXPECT_THAT(changed(result), ElementsAre("g"));
}

} // namespace
} // namespace kpatch::diff
