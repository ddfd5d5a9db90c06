// SPDX-License-Identifier: GPL-2.0-or-later
// Constants that only code of their unit reads.
#include "diff/compiled.h"
#include "diff/object_builder.h"

#include <fmt/format.h>

namespace kpatch::diff {
namespace {

using testing::codes;
using testing::Diffing;
using testing::says;

class ConstantsOfUnit : public testing::Compiled {
 protected:
  /// `ELEMENTS` in the source is replaced by each of the two.
  Result change(const std::string& source, const std::string& before = "1, 2, 3, 4",
                const std::string& after = "1, 2, 3, 5") {
    Diffing diffing;
    diffing.sizes["jump_entry"] = 16;
    return diffing.run(compiled(source, before), compiled(source, after));
  }

  /// The functions that are patched, in alphabetical order; empty if it is refused.
  static std::vector<std::string> patched(const Result& result) {
    std::vector<std::string> names;
    if (result.exit == Exit::kSuccess)
      for (const FunctionChange& function : result.functions)
        names.push_back(function.name);
    std::ranges::sort(names);
    return names;
  }

 private:
  elf::Object compiled(std::string source, const std::string& elements) {
    const std::string_view mark = "ELEMENTS";
    source.replace(source.find(mark), mark.size(), elements);
    return compile("typedef unsigned long size_t;\n"
                   "extern int use(int), keep(const void *), strcmp(const char *, const "
                   "char *);\n"
                   "extern int __nla_parse(void *, const int *);\n"
                   "extern const int *dmi_first_match(const int *);\n" +
                       source,
                   {"-fno-builtin", "-fno-inline", "-fno-ipa-icf"});
  }
};

const std::vector<std::string> kRefused{code::kChangedSection};
const std::string kTable = "static const int table[] = { ELEMENTS };\n";

TEST_F(ConstantsOfUnit, AllThatReadThemInPlaceArePatched) {
  const Result result =
      change(kTable + "int f(unsigned i) { return table[i]; }\n"
                      "int g(unsigned i) { return use(table[i + 1]); }\n"
                      "int other(int i) { return use(i); }\n");
  EXPECT_EQ(patched(result), (std::vector<std::string>{"f", "g"}));
  EXPECT_TRUE(result.delta->object.find_section(".rodata.table"));
  EXPECT_TRUE(says(result, "NOTICE: f is patched because it reads table, a constant "
                           "that changed"));
  EXPECT_EQ(result.functions[0].because, "f reads table, which changed");
}

/// The bytes of f only read; where its no-op becomes a jump, `away` is next.
TEST_F(ConstantsOfUnit, CodeBehindAStaticBranchCounts) {
  const auto with = [&](const std::string& away) {
    return kTable +
           "extern int key;\nint f(void *message) { const int *it = table;\n"
           "asm volatile(\"\" : \"+r\"(it));\n" +
           R"(asm goto("1: .byte 0x0f,0x1f,0x44,0x00,0x00\n"
      ".pushsection __jump_table, \"aw\"\n.balign 8\n.long 1b - ., %l[away] - .\n"
      ".quad key - .\n.popsection" : : : : away);)" +
           " return __nla_parse(message, it); away: " + away + " }\n";
  };
  EXPECT_EQ(codes(change(with("return keep(it);"))), kRefused);
  EXPECT_EQ(patched(change(with("return it[2];"))), std::vector<std::string>{"f"});
}

TEST_F(ConstantsOfUnit, TheyMayGrow) {
  EXPECT_EQ(patched(change(kTable + "int f(unsigned i) { return table[i]; }\n", "1, 2, 3",
                           "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17")),
            std::vector<std::string>{"f"});
}

TEST_F(ConstantsOfUnit, LoopsOverThemRead) {
  const Result result =
      change("static const char *const names[] = { ELEMENTS };\n"
             "int f(const char *name) {\n"
             "  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)\n"
             "    if (!strcmp(name, names[i])) return i;\n"
             "  return -1;\n"
             "}\n",
             R"("one", "two", "three")", R"("one", "two", "four")");
  EXPECT_EQ(patched(result), std::vector<std::string>{"f"});
}

TEST_F(ConstantsOfUnit, FunctionsThatOnlyReadMayHaveTheirAddress) {
  EXPECT_EQ(
      patched(change(kTable + "int f(void *to) { return __nla_parse(to, table) + 1; }\n"
                              "int g(void) { const int *at = dmi_first_match(table);\n"
                              "  return at ? at[1] : 0; }\n")),
      (std::vector<std::string>{"f", "g"}));
}

TEST_F(ConstantsOfUnit, OthersMayKeepIt) {
  for (const std::string code :
       {"int f(void) { return keep(table); }\n", "const int *f(void) { return table; }\n",
        "const int *f(void) { return dmi_first_match(table); }\n",
        "const int *kept; void f(void) { kept = table; }\n",
        "void f(const int **to) { to[1] = table + 1; }\n",
        "__attribute__((noipa)) static int own(const int *at) { return at[use(0)]; }\n"
        "int f(void) { return own(table) + 1; }\n",
        "int f(void) { const int *at = dmi_first_match(table);\n"
        "  return at ? keep(at) : 0; }\n"})
    EXPECT_EQ(codes(change(kTable + code)), kRefused) << code;
}

TEST_F(ConstantsOfUnit, WhatLivesMayHaveTheAddress) {
  for (const std::string code :
       {"const int *live = table; int f(unsigned i) { return table[i]; }\n",
        "static const int *const live[] = { table, 0 };\n"
        "int f(unsigned i) { return use(*live[i]); }\n"})
    EXPECT_EQ(codes(change(kTable + code)), kRefused) << code;
}

TEST_F(ConstantsOfUnit, InitCodeMayHaveHandedItOut) {
  const std::string init = "__attribute__((section(\".init.text\"))) ";
  const std::string reader = "int f(unsigned i) { return table[i]; }\n";
  EXPECT_EQ(codes(change(kTable + reader + init + "void setup(void) { keep(table); }\n")),
            kRefused);
  EXPECT_EQ(
      patched(change(kTable + reader + init +
                     "int setup(void *to) { return __nla_parse(to, table) + 1; }\n")),
      std::vector<std::string>{"f"});
}

TEST_F(ConstantsOfUnit, GoWithTheInitCodeThatIsAllThatReadsThem) {
  const std::string source =
      kTable + "__attribute__((section(\".init.text\"))) "
               "int setup(void *to) { return __nla_parse(to, table) + 1; }\n";
  const Result result = change(source);
  EXPECT_EQ(result.exit, Exit::kNoChange);
  EXPECT_TRUE(says(result, "NOTICE: KP2021: the change of table in .rodata.table changes "
                           "nothing that runs, and is all that changes in this unit: it "
                           "is left out"));
}

TEST_F(ConstantsOfUnit, OtherUnitsMayReadWhatIsGlobal) {
  EXPECT_EQ(codes(change("const int table[] = { ELEMENTS };\n"
                         "int f(unsigned i) { return table[i]; }\n")),
            kRefused);
}

TEST_F(ConstantsOfUnit, TheyReferToNothingThatIsNew) {
  EXPECT_EQ(codes(change("static int added, known;\n"
                         "static int *const table[] = { ELEMENTS };\n"
                         "int f(unsigned i) { return use(*table[i]) + use(known++); }\n",
                         "&known, 0", "&known, &added")),
            kRefused);
}

} // namespace
} // namespace kpatch::diff
