// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "image/symbols.h"
#include "kernel/dwarf_facts.h"
#include "kernel/facts.h"
#include "scratch.h"

#include <algorithm>
#include <elf.h>

namespace kpatch::kernel {
namespace {

using Words = std::vector<std::string>;

// Without relocation every name of a relocatable object reads as its first string.
TEST(CompileUnits, OfARelocatableObjectAreNamedRight) {
  const Scratch scratch;
  scratch.file("fs/one.c", "int one(void) { return 1; }\n");
  scratch.file("fs/two.c", "int two(void) { return 2; }\n");
  scratch.compile("fs/one.c", "one.o", {"-c"});
  scratch.compile("fs/two.c", "two.o", {"-c"});
  run_checked({.argv = {"ld", "-r", "-o", "both.ko", "one.o", "two.o"},
               .directory = scratch.path()});
  EXPECT_EQ(compile_units(scratch / "both.ko"), (Words{"fs/one.c", "fs/two.c"}));
}

TEST(CompileUnits, OfALinkedFileAreNamedRight) {
  const Scratch scratch;
  scratch.file("init/main.c", "void _start(void) { for (;;); }\n");
  const auto vmlinux =
      scratch.compile("init/main.c", "vmlinux", {"-nostdlib", "-static"});
  EXPECT_EQ(compile_units(vmlinux), Words{"init/main.c"});
}

TEST(CompileUnits, NeedDebugInformation) {
  const Scratch scratch;
  scratch.file("a.c", "int a;\n");
  const auto object = scratch.compile("a.c", "a.o", {"-c", "-g0"});
  EXPECT_THROW(compile_units(object), Error);
  EXPECT_THROW(compile_units(scratch.file("text", "hello")), Error);
  EXPECT_THROW(compile_units(scratch / "missing"), Error);
}

TEST(StructSizesOfDwarf, AreThoseOfTheDefinitions) {
  const Scratch scratch;
  // The first unit only declares bug_entry; another type of a wanted name that is no
  // structure must not count.
  scratch.file("one.c",
               "struct bug_entry; extern struct bug_entry *p; struct bug_entry *p;\n"
               "struct alt_instr { int a, b; short c; char d, e; } alt;\n"
               "typedef long jump_entry; jump_entry j;\n");
  scratch.file("two.c", "struct bug_entry { int a, b, c; } bug;\n"
                        "struct orc_entry { short a, b; unsigned c : 4; } "
                        "__attribute__((packed)) orc;\n");
  scratch.compile("one.c", "one.o", {"-c"});
  scratch.compile("two.c", "two.o", {"-c"});
  run_checked({.argv = {"ld", "-r", "-o", "vmlinux", "one.o", "two.o"},
               .directory = scratch.path()});
  EXPECT_EQ(
      read_struct_sizes(scratch / "vmlinux"),
      (special::StructSizes{{"alt_instr", 12}, {"bug_entry", 12}, {"orc_entry", 5}}));
}

TEST(TypeLayouts, TellWhichObjectsEndWithTheirFunction) {
  const Scratch scratch;
  scratch.file("h.h", "struct shared { int a; };\n");
  scratch.file("unit.c",
               "#include \"h.h\"\n"
               "struct walk { int a; };\n"
               "struct table { int a; } table;\n"
               "struct part { int a; };\n"
               "struct whole { struct part part[2]; } *whole;\n"
               "struct counted { int a; };\n"
               "struct heap { int a; };\n"
               "void look(struct walk *w, struct shared *s, struct part *p);\n"
               "void *find(struct heap *h, struct counted *c);\n"
               "int f(void) {\n"
               "  static struct counted count; struct walk w[2] = {};\n"
               "  struct shared s = {}; struct part p = {}; struct heap h = {};\n"
               "  look(w, &s, &p); struct heap *other = find(&h, &count);\n"
               "  return w[1].a + s.a + p.a + h.a + other->a;\n"
               "}\n");
  const auto object = scratch.compile("unit.c", "unit.o", {"-c"});
  const std::set<std::string> all = {"struct walk", "struct shared",  "struct table",
                                     "struct part", "struct counted", "struct heap"};
  const TypeLayouts layouts = read_type_layouts(object, all);
  ASSERT_EQ(layouts.size(), all.size());
  for (const auto& [name, layout] : layouts)
    EXPECT_EQ(layout.is_short_lived, name == "struct walk") << name;
}

TEST(TypeLayouts, TellWhereAUnitHasObjectsOfTypesOfHeaders) {
  const Scratch scratch;
  scratch.file("h.h", "struct order { int a; }; struct held { int a; };\n"
                      "struct bound { int a; };\n");
  scratch.file("unit.c", "#include \"h.h\"\n"
                         "void take(struct order *o, struct held *h);\n"
                         "struct keeper { struct held *held; } *keeper;\n"
                         "int f(struct bound *b) {\n"
                         "  struct order o = {}; struct held h = {}; take(&o, &h);\n"
                         "  return o.a + h.a + b->a + keeper->held->a;\n"
                         "}\n");
  const auto object = scratch.compile("unit.c", "unit.o", {"-c"});
  const TypeLayouts layouts =
      read_type_layouts(object, {"struct order", "struct held", "struct bound"});
  ASSERT_EQ(layouts.size(), 3U);
  const TypeLayout& order = layouts.at("struct order");
  EXPECT_TRUE(order.is_on_stacks && !order.is_elsewhere && !order.is_short_lived);
  EXPECT_TRUE(layouts.at("struct held").is_elsewhere);
  const TypeLayout& bound = layouts.at("struct bound");
  EXPECT_FALSE(bound.is_on_stacks || bound.is_elsewhere);
}

TEST(TypeLayouts, HaveTheFieldsOfMembersWhoseTypeHasNoName) {
  const Scratch scratch;
  scratch.file("unit.c", "struct message {\n"
                         "  int refs;\n"
                         "  struct { int active; union { int a, b; }; } op[2];\n"
                         "  struct named { int inside; } named;\n"
                         "} message;\n");
  const auto object = scratch.compile("unit.c", "unit.o", {"-c"});
  const TypeLayouts layouts = read_type_layouts(object, {"struct message"});
  EXPECT_EQ(layouts.at("struct message").fields,
            (std::vector<Field>{{"refs", 0, 32},
                                {"op", 32, 128},
                                {"op.active", 32, 32},
                                {"op.a", 64, 32},
                                {"op.b", 64, 32},
                                {"named", 160, 32}}));
}

TEST(Symbols, AreReadInTheOrderOfTheTable) {
  const Scratch scratch;
  scratch.file("unit.c", "extern int other; static int hidden(void) { return other; }\n"
                         "int shown(void) { return hidden(); } long data = 3;\n"
                         "void *keep = hidden;\n");
  const auto symbols = image::read_symbols(scratch.compile("unit.c", "unit.o", {"-c"}));
  EXPECT_EQ(symbols.at(0), image::ParentSymbol{});
  EXPECT_EQ(symbols.at(1).name, "unit.c");
  EXPECT_EQ(symbols.at(1).type, STT_FILE);
  const auto named = [&](std::string_view name) {
    return *std::find_if(symbols.begin(), symbols.end(),
                         [&](const image::ParentSymbol& s) { return s.name == name; });
  };
  EXPECT_EQ(named("hidden").binding, STB_LOCAL);
  EXPECT_EQ(named("hidden").type, STT_FUNC);
  EXPECT_TRUE(named("shown").is_defined);
  EXPECT_EQ(named("shown").binding, STB_GLOBAL);
  EXPECT_EQ(named("data").size, sizeof(long));
  EXPECT_FALSE(named("other").is_defined);
}

TEST(Symbols, OfWhatHasNoneAreAnError) {
  const Scratch scratch;
  EXPECT_THROW(image::read_symbols(scratch.file("text", "hello")), Error);
  EXPECT_THROW(image::read_symbols(scratch / "missing"), Error);
}

TEST(UnitPath, IsRelativeToTheTree) {
  const Scratch tree;
  tree.file("arch/x86/entry/entry_64.S", "");
  tree.file("fs/proc/meminfo.c", "");
  EXPECT_EQ(unit_path("fs/proc/meminfo.c", tree.path()), "fs/proc/meminfo.c");
  EXPECT_EQ(unit_path("./fs/proc/meminfo.c", tree.path()), "fs/proc/meminfo.c");
  EXPECT_EQ(unit_path("../../../fs/proc/meminfo.c", tree.path()), "fs/proc/meminfo.c");
  EXPECT_EQ(unit_path("/build/linux-6.1.192/arch/x86/entry/entry_64.S", tree.path()),
            "arch/x86/entry/entry_64.S");
  EXPECT_EQ(unit_path("/usr/src/unknown.c", tree.path()), "/usr/src/unknown.c");
  EXPECT_EQ(unit_path("drivers/generated.c", tree.path()), "drivers/generated.c");
}

} // namespace
} // namespace kpatch::kernel
