// SPDX-License-Identifier: GPL-2.0-or-later
// Reasons with source lines, from objects that the compiler makes here.
#include "base/files.h"
#include "base/process.h"
#include "diff/object_builder.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace kpatch::diff {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class Reasons : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(directory_); }
  void TearDown() override { fs::remove_all(directory_); }

  elf::Object compile(const std::string& header, const std::string& unit) {
    write_file(directory_ / "h.h", header);
    write_file(directory_ / "u.c", unit);
    const Outcome outcome =
        run({.argv = {"gcc", "-O2", "-g", "-ffunction-sections", "-fdata-sections",
                      "-fno-pic", "-mcmodel=kernel", "-pg", "-mfentry", "-c", "u.c"},
             .directory = directory_});
    EXPECT_TRUE(outcome.ok()) << outcome.errors;
    return elf::read_object(directory_ / "u.o");
  }

  Result explained(const elf::Object& original, const elf::Object& patched) {
    Diffing diffing;
    diffing.explain = true;
    return diffing.run(original, patched);
  }

  fs::path directory_ =
      fs::temp_directory_path() / ("reasons_test." + std::to_string(getpid()));
};

TEST_F(Reasons, LeadThroughWhatWasInlinedToTheChangedLine) {
#ifndef __x86_64__
  GTEST_SKIP() << "the compiler here makes code for another processor";
#endif
  const std::string unit = "#include \"h.h\"\nvoid f(void)\n{\n  g();\n}\n";
  const auto header = [](const char* callee) {
    return fmt::format("void {0}(void);\nstatic inline void g(void)\n{{\n  {0}();\n  "
                       "asm volatile (\"nop\");\n}}\n",
                       callee);
  };
  const Result result =
      explained(compile(header("one"), unit), compile(header("two"), unit));
  ASSERT_EQ(result.functions.size(), 1U);
  const FunctionChange& f = result.functions[0];
  EXPECT_TRUE(f.because.starts_with("it inlines g (h.h:2), changed at h.h:4: at f+0x"))
      << f.because;
  EXPECT_NE(f.because.find("it refers to two instead of one"), std::string::npos);
  ASSERT_TRUE(f.changed_at);
  EXPECT_EQ(f.changed_at->at.line, 4);
  ASSERT_EQ(f.changed_at->inlined.size(), 1U);
  EXPECT_EQ(f.changed_at->inlined[0].called_at.text(), "u.c:4");
}

TEST_F(Reasons, RefusedDataHasItsTypeItsLineAndItsMembers) {
#ifndef __x86_64__
  GTEST_SKIP() << "the compiler here makes code for another processor";
#endif
  const auto unit = [](const char* initial) {
    return fmt::format("struct ops {{ int id; void (*stop)(void); }};\n"
                       "void quit(void);\n"
                       "struct ops ops = {};\n",
                       initial);
  };
  const Result result =
      explained(compile("", unit("{ .id = 3 }")), compile("", unit("{ 3, quit }")));
  ASSERT_FALSE(result.problems.empty());
  EXPECT_NE(result.problems[0].message.find(
                "ops (struct ops, u.c:3): .stop newly refers to quit"),
            std::string::npos)
      << result.problems[0].message;
}

TEST(Inclusions, SayByWhatChainTheyCameAlong) {
  const auto make = [](bool is_patched) {
    ObjectBuilder builder;
    const Bytes call = {0xe8, 0, 0, 0, 0, 0xc3};
    builder.function("f", call);
    builder.add_relocation("f", 6, R_X86_64_PLT32,
                           builder.symbol(is_patched ? "g" : "old"), -4);
    if (is_patched) {
      builder.function("g", {0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0xc3}, STB_LOCAL);
      builder.add_relocation("g", 9, R_X86_64_32S, builder.variable("fresh", Bytes(8)),
                             0);
    }
    return builder.build();
  };
  Diffing diffing;
  diffing.explain = true;
  const Result result = diffing.run(make(false), make(true));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  ASSERT_EQ(result.inclusions.size(), 1U);
  EXPECT_EQ(result.inclusions[0].name, "fresh");
  EXPECT_EQ(result.inclusions[0].because, "g refers to it, f to g, and f changed");
}

} // namespace
} // namespace kpatch::diff
