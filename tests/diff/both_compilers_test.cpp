// SPDX-License-Identifier: GPL-2.0-or-later
// What both compilers really make: static locals, literals, __func__, switch tables,
// inlined helpers and cold parts in one unit, of which one function changes.
#include "diff/compiled.h"
#include "diff/object_builder.h"

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr const char* kUnit = R"(
int printk(const char *format, ...) __attribute__((cold));
void use(const void *), one(void), two(void), three(void), four(void), five(void);
static int shared;
static inline int twice(int n) { return n * 2; }
static __attribute__((noinline)) int quiet(int n) { return n * n * 7 + shared; }
int steady(int n)
{
  static int count;
  count += n;
  if (__builtin_expect(n > 1000, 0))
    printk("%s: %d is large\n", __func__, n);
  return twice(count) + quiet(n);
}
__attribute__((noinline)) int choose(int n)
{
  static int count;
  switch (n) {
  case 0: one(); break;
  case 1: two(); break;
  case 2: three(); break;
  case 3: four(); break;
  case 4: five(); break;
  case 5: use("six"); break;
  }
  return ++count;
}
int changing(int n)
{
  static int count;
  count += n + STEP;
  if (__builtin_expect(n > 1000, 0))
    printk("%s: %d is too large\n", __func__, n + STEP);
  choose(n);
  return quiet(count) + shared++;
}
int (*const table[])(int) = { steady, choose, changing };
)";

class BothCompilers : public Compiled, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    Compiled::SetUp();
    compiler_ = GetParam();
    if (!has(compiler_))
      GTEST_SKIP() << "there is no " << compiler_ << " here";
  }

  elf::Object with_step(const std::string& step) {
    return compile("#define STEP " + step + "\n" + kUnit);
  }
};

TEST_P(BothCompilers, MakeTheSameObjectTwice) {
  EXPECT_EQ(Diffing().run(with_step("1"), with_step("1")).exit, Exit::kNoChange);
}

TEST_P(BothCompilers, MakeOneFunctionDifferent) {
  const Result result = Diffing().run(with_step("1"), with_step("2"));
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: changing"});
  for (const Problem& problem : result.problems)
    ADD_FAILURE() << problem.message;
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  // The kernel's own variables and functions are used, literals are brought along.
  for (const elf::Symbol& symbol : object.symbols)
    for (const std::string kept : {"shared", "quiet", "choose", "count", "steady"})
      EXPECT_FALSE(symbol.is_defined() && !symbol.name.starts_with('.') &&
                   symbol.name.find(kept) != std::string::npos)
          << symbol.name;
  EXPECT_TRUE(std::ranges::any_of(object.sections, [](const elf::Section& section) {
    return (section.flags & SHF_STRINGS) && section.name.starts_with(".rodata");
  }));
}

TEST_P(BothCompilers, KeepTheirSwitchTablesWithTheirFunction) {
  const auto with = [&](const char* last) {
    std::string source = "#define STEP 1\n" + std::string(kUnit);
    source.replace(source.find("use(\"six\")"), 10, last);
    return compile(source);
  };
  const Result result = Diffing().run(with("use(\"six\")"), with("use(\"SIX\")"));
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: choose"});
  EXPECT_EQ(result.exit, Exit::kSuccess);
}

INSTANTIATE_TEST_SUITE_P(Of, BothCompilers, ::testing::Values("gcc", "clang"));

} // namespace
} // namespace kpatch::diff
