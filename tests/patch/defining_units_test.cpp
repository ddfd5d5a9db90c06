// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "patch/defining_units.h"

#include <gtest/gtest.h>

namespace kpatch::patch {
namespace {
namespace fs = std::filesystem;
using Names = std::set<std::string>;

TEST(Definitions, AreFoundByName) {
  const Names wanted = {"show", "helper"};
  EXPECT_EQ(definitions_in("int show(void)\n{\n\treturn helper();\n}\n", wanted).by_name,
            Names{"show"});
  EXPECT_EQ(definitions_in("/* show */ int x = 1;\n", wanted).by_name, Names{});
}

TEST(Definitions, AreFoundByWhatAMacroMakesThemOf) {
  const Names wanted = {"__do_sys_close_range", "stat_open"};
  const char* calls =
      "SYSCALL_DEFINE3(close_range, unsigned int, fd)\n{\n\treturn 0;\n}\n";
  EXPECT_EQ(definitions_in(calls, wanted).by_macro, Names{"__do_sys_close_range"});
  EXPECT_EQ(definitions_in("DEFINE_SHOW_ATTRIBUTE(stat);\n", wanted).by_macro,
            Names{"stat_open"});
  EXPECT_EQ(definitions_in("int f(void) { return close_range(1); }\n", wanted).by_macro,
            Names{});
}

class DefiningUnits : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& text, const std::string& owner) {
    fs::create_directories((root_.path() / path).parent_path());
    write_file(root_.path() / path, text);
    if (!owner.empty())
      target_.units.add(path, owner);
  }
  std::map<std::string, Names> units(const std::string& owner, const Names& functions) {
    target_.source = root_.path();
    target_.objects = root_.path() / "none";
    const IncludeIndex includes =
        IncludeIndex::scan(target_.source, target_.objects, target_.units);
    return units_defining(target_, includes, owner, functions, 2);
  }

  TempDir root_{"kpatch-defining-units."};
  kernel::Target target_;
};

TEST_F(DefiningUnits, AreThoseOfTheOwnerThatHaveTheFunction) {
  put("fs/a.c", "static int show(void)\n{\n\treturn 1;\n}\n", "vmlinux");
  put("fs/b.c", "int f(void)\n{\n\treturn show();\n}\n", "vmlinux");
  put("net/c.c", "static int show(void)\n{\n\treturn 2;\n}\n", "mod");
  EXPECT_EQ(units("vmlinux", {"show"}).at("show"), Names{"fs/a.c"});
  EXPECT_EQ(units("mod", {"show"}).at("show"), Names{"net/c.c"});
  EXPECT_FALSE(units("vmlinux", {"entry_SYSCALL_64"}).contains("entry_SYSCALL_64"));
}

TEST_F(DefiningUnits, NameAnInlineFunctionThatTheyCall) {
  put("fs/a.c", "int f(void)\n{\n\treturn order_of(1);\n}\n", "vmlinux");
  put("fs/b.c", "int reorder_of, order_off;\n", "vmlinux");
  target_.source = root_.path();
  EXPECT_EQ(units_naming(target_, {"fs/a.c", "fs/b.c"}, "order_of"), Names{"fs/a.c"});
}

TEST_F(DefiningUnits, AreNotOnlyThoseWithAMacroWhereAHeaderHasIt) {
  put("mm/part.h", "static inline int order_from_text(void)\n{\n\treturn 1;\n}\n", "");
  put("mm/user.c", "#include \"part.h\"\n", "vmlinux");
  put("mm/other.c", "DEFINE_SHOW_ATTRIBUTE(from_text);\n", "vmlinux");
  EXPECT_EQ(units("vmlinux", {"order_from_text"}).at("order_from_text"),
            (Names{"mm/other.c", "mm/user.c"}));
}

TEST_F(DefiningUnits, IncludeItWhereNoneHasIt) {
  put("fs/part.c", "static int show(void)\n{\n\treturn 1;\n}\n", "");
  put("fs/whole.c", "#include \"part.c\"\n", "vmlinux");
  put("fs/other.c", "int x;\n", "vmlinux");
  EXPECT_EQ(units("vmlinux", {"show"}).at("show"), Names{"fs/whole.c"});
}

} // namespace
} // namespace kpatch::patch
