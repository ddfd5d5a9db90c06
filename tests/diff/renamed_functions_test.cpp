// SPDX-License-Identifier: GPL-2.0-or-later
// Static functions under other names, on objects as the compiler makes them.
#include "diff/compiled.h"
#include "diff/object_builder.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace kpatch::diff::testing;
using ::testing::Contains;

class RenamedFunctions : public Compiled {
 protected:
  Result compared(const std::string& original, const std::string& patched) {
    const elf::Object before = compile(original);
    return Diffing().run(before, compile(patched));
  }
  /// A table in use, and functions that it points to.
  static std::string table(const std::string& show, const std::string& functions) {
    return "int other(int);\nvoid hand_out(void *);\n" + functions +
           "static struct { int (*show)(int); } attribute = { " + show +
           " };\nvoid f(void) { hand_out(&attribute); }\n";
  }
  static std::string function(const std::string& name, const std::string& body) {
    return "static int " + name + "(int x) { return " + body + "; }\n";
  }
};

TEST_F(RenamedFunctions, AreTheSame) {
  const Result result =
      compared(table("device_label_show", function("device_label_show", "other(x) + 3")),
               table("label_show", function("label_show", "other(x) + 3")));
  EXPECT_EQ(result.exit, Exit::kNoChange);
  EXPECT_THAT(lines(result), Contains("NOTICE: label_show is the device_label_show of "
                                      "the original under another name"));
}

TEST_F(RenamedFunctions, AreOthersWithOtherCode) {
  EXPECT_EQ(codes(compared(table("old_show", function("old_show", "other(x) + 3")),
                           table("new_show", function("new_show", "other(x) + 4")))),
            std::vector<std::string>{code::kChangedSection});
  EXPECT_EQ(codes(compared(table("old_show", function("old_show", "other(x) + 3")),
                           table("new_show", "int more(int);\n" +
                                                 function("new_show", "more(x) + 3")))),
            std::vector<std::string>{code::kChangedSection});
}

TEST_F(RenamedFunctions, AreToldApart) {
  // Both of the original have this code, so that nothing says which one is meant.
  const std::string both = "__attribute__((used)) " + function("one", "other(x) + 3") +
                           "__attribute__((used)) " + function("two", "other(x) + 3");
  EXPECT_EQ(codes(compared(table("one", both),
                           table("three", function("three", "other(x) + 3")))),
            std::vector<std::string>{code::kChangedSection});
}

} // namespace
} // namespace kpatch::diff
