// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/object.h"
#include "fake_kernel.h"
#include "produce/symbol_versions.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kTypes =
    "s#conn struct conn { s#zone zone ; int timeout ; } \n"
    "s#zone struct zone { int id ; } \n"
    "s#file struct file { s#file * next ; } \n"
    "t#id_t typedef int id_t \n"
    "ct_put void ct_put ( s#conn * ) \n"
    "ct_file s#file * ct_file ( t#id_t ) \n";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kTypes);
  return text.replace(text.find(from), from.size(), to);
}

auto differing(const std::string& patched) {
  return differing_exports(parse_type_list(kTypes), parse_type_list(patched));
}

TEST(SymbolVersions, DifferByWhatAnExportLeadsTo) {
  EXPECT_THAT(differing(with("int id ;", "long id ;")),
              ElementsAre(Pair("ct_put", ElementsAre("s#zone"))));
  EXPECT_THAT(differing(with("typedef int", "typedef long")),
              ElementsAre(Pair("ct_file", ElementsAre("t#id_t"))));
}

TEST(SymbolVersions, DifferByTheDeclarationItself) {
  EXPECT_THAT(differing(with("( s#conn * )", "( s#conn * , int )")),
              ElementsAre(Pair("ct_put", ElementsAre("ct_put"))));
}

TEST(SymbolVersions, DoNotDifferByWhatAUnitCouldNotSeeBefore) {
  EXPECT_THAT(differing(with("{ int id ; }", "{ UNKNOWN }")), IsEmpty());
  EXPECT_THAT(differing(std::string(kTypes)), IsEmpty());
  EXPECT_THAT(differing(std::string(kTypes) + "ct_new void ct_new ( s#conn * ) \n"),
              IsEmpty());
}

TEST(SymbolVersions, AreToldOnceForEachCause) {
  const std::vector<VersionChange> changes = {
      {"a", "struct x (x.h)"}, {"b", "struct x (x.h)"}, {"b", "id_t"}};
  const std::vector<std::string> notices = version_notices(changes);
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_TRUE(
      notices[0].starts_with("NOTICE: id_t changes, and with it the version of b:"));
  EXPECT_TRUE(notices[1].starts_with(
      "NOTICE: struct x (x.h) changes, and with it the version of a, b:"));
}

TEST(SymbolVersions, AreAProblemOfTheFileThatChangesThem) {
  elf::Object object;
  object.header.machine = EM_X86_64;
  for (const char* name : {"a", "b"})
    object.add_symbol({.name = name, .binding = STB_GLOBAL});
  const TempDir work("kpatch-versions.");
  const std::filesystem::path module = work.path() / "m.ko";
  write_file(module, elf::write_object(object));
  const std::vector<VersionChange> changes = {{"a", "struct x (x.h)", "x.h", "struct x"},
                                              {"b", "id_t"},
                                              {"c", "struct x (x.h)", "x.h", "struct x"}};
  const std::vector<Problem> problems = uses_of_changed_versions(changes, module);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].object, "x.h");
  EXPECT_EQ(problems[0].type, "struct x");
  EXPECT_EQ(problems[1].object, "m.ko");
}

TEST(SymbolVersions, AreSaidNotToBeComparedWithoutGenksyms) {
  FakeKernel kernel;
  kernel.target.config = kernel::Config::parse("CONFIG_MODVERSIONS=y\n", "");
  compile::BuildLog log;
  const TempDir work("kpatch-versions.");
  const compile::Workshop shop{kernel.target, work.path(), log};
  patch::PatchedView view(kernel.target.source, work.path() / "view");
  const std::vector<patch::TouchedFile> touched = {{"include/label.h", true, true}};
  EXPECT_EQ(notice_without_comparison(shop, view, touched), "");
  write_file(view.own_file("include/label.h"),
             std::string_view("struct s { int x; };\n"));
  EXPECT_THAT(notice_without_comparison(shop, view, touched),
              testing::HasSubstr("scripts/genksyms/genksyms is missing"));
  std::filesystem::create_directories(kernel.target.objects / "scripts/genksyms");
  kernel.put("objects/scripts/genksyms/genksyms", "");
  EXPECT_EQ(notice_without_comparison(shop, view, touched), "");
}

TEST(Declarations, DoNotDifferByWhatFunctionsDo) {
  EXPECT_FALSE(declarations_differ("static inline int f(int x) { if (x) { x = 1; } }\n",
                                   "static inline int f(int x) { return 2; } // two\n"));
  EXPECT_TRUE(declarations_differ("int f(int x) { }", "int f(long x) { }"));
  EXPECT_TRUE(declarations_differ("struct s { int x; };", "struct s { long x; };"));
  EXPECT_TRUE(declarations_differ("#define N 1\n", "#define N 2\n"));
  EXPECT_TRUE(declarations_differ("{", "}"));
}

} // namespace
} // namespace kpatch::produce
