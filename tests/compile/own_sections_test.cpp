// SPDX-License-Identifier: GPL-2.0-or-later
#include "compile/compile.h"
#include "compile/own_sections.h"
#include "elf/object.h"
#include "fake_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kpatch::compile {
namespace {
namespace fs = std::filesystem;

const std::vector<std::string> kSched{".sched.text"};

TEST(OwnSections, EachFunctionGetsOneWithAllThatStandsBeforeIt) {
  EXPECT_EQ(with_own_sections("\t.section\t.sched.text,\"ax\",@progbits\n"
                              "f:\n"
                              "\t.section\t.rodata\n"
                              ".L1:\n"
                              "\t.section\t.sched.text\n"
                              "\tjmp\tg\n"
                              "\t.size\tf, .-f\n"
                              "\t.p2align 4\n"
                              "g:\n"
                              "\t.size\tg, .-g\n"
                              "\t.section\t.text.h\n"
                              "h:\n"
                              "\t.size\th, .-h\n",
                              kSched),
            "\t.section\t.text.f\n"
            "f:\n"
            "\t.section\t.rodata\n"
            ".L1:\n"
            "\t.section\t.text.f\n"
            "\tjmp\tg\n"
            "\t.size\tf, .-f\n"
            "\t.section\t.text.g\n"
            "\t.p2align 4\n"
            "g:\n"
            "\t.size\tg, .-g\n"
            "\t.section\t.text.h\n"
            "h:\n"
            "\t.size\th, .-h\n");
}

TEST(OwnSections, InlineAssemblyComesBackToTheFunction) {
  for (const std::string excursion :
       {"1:\t.pushsection \"__ex_table\",\"a\"\n.long 1b - .\n.popsection\n",
        ".pushsection x; .ascii \";\"; .popsection\n",
        "\t.section __mcount_loc, \"a\",@progbits\n\t.quad 1b\n\t.previous\n"}) {
    const std::string made =
        with_own_sections("\t.section\t.sched.text\nf:\n" + excursion +
                              "\t.size\tf, .-f\n"
                              "g:\n"
                              "\t.size\tg, .-g\n",
                          kSched);
    EXPECT_EQ(made, "\t.section\t.text.f\nf:\n" + excursion +
                        "\t.size\tf, .-f\n"
                        "\t.section\t.text.g\n"
                        "g:\n"
                        "\t.size\tg, .-g\n")
        << excursion;
  }
}

const std::vector<std::string> kData{".data..read_mostly"};

TEST(OwnSections, EachVariableGetsOneWithItsAlignment) {
  EXPECT_EQ(with_own_sections("\t.section\t.data..read_mostly,\"aw\"\n"
                              "\t.align 8\n"
                              "\t.type\ta, @object\n"
                              "\t.size\ta, 8\n"
                              "a:\n"
                              "\t.quad\tb+4\n"
                              "\t.globl\tb\n"
                              "\t.align 4\n"
                              "\t.type\tb, @object\n"
                              "b:\n"
                              "\t.long\t2\n"
                              "\t.text\n"
                              "f:\n"
                              "\t.section\t.data..read_mostly\n"
                              "\t.type\tc.1, @object\n"
                              "c.1:\n"
                              "\t.zero\t1\n",
                              kData),
            "\t.section\t.data..read_mostly.a,\"aw\"\n"
            "\t.align 8\n"
            "\t.type\ta, @object\n"
            "\t.size\ta, 8\n"
            "a:\n"
            "\t.quad\tb+4\n"
            "\t.section\t.data..read_mostly.b,\"aw\"\n"
            "\t.globl\tb\n"
            "\t.align 4\n"
            "\t.type\tb, @object\n"
            "b:\n"
            "\t.long\t2\n"
            "\t.text\n"
            "f:\n"
            "\t.section\t.data..read_mostly.c.1,\"aw\"\n"
            "\t.type\tc.1, @object\n"
            "c.1:\n"
            "\t.zero\t1\n");
}

TEST(OwnSections, OtherDataStaysTogether) {
  const std::string assembly = "\t.section\t.data..read_mostly,\"aw\"\na:\n\t.long 1\n"
                               "\t.type b, @object\nb:\n\t.long 2\n";
  EXPECT_EQ(with_own_sections(assembly, kSched), assembly);
}

class ApartTest : public testing::Test {
 protected:
  ApartTest() {
    kernel_.put("source/fs/x.c",
                "#define S __attribute__((noinline, section(\".sched.text\")))\n"
                "extern int other(int *);\n"
                "S static int slow(int *p) { return other(p) + *p; }\n"
                "S int fast(int *p) { return *p ? 1 : slow(p); }\n"
                "S int last(int *p) { return slow(p) + fast(p); }\n");
  }

  elf::Object compiled(const std::vector<std::string>& taken_apart) {
    Workshop shop{.target = kernel_.target, .work = work_.path(), .log = log_};
    shop.taken_apart = taken_apart;
    UnitCommand command = parse_unit_command(kernel_.record("x"), "fs/x.c");
    command.compiler.emplace_back("-O2");
    const fs::path object = work_.path() / "x.o";
    EXPECT_TRUE(compile(shop, {.command = command,
                               .source_tree = kernel_.target.source,
                               .build_tree = kernel_.target.objects,
                               .object = object})
                    .ok);
    return elf::read_object(object);
  }

  FakeKernel kernel_;
  TempDir work_{"kpatch-apart-test."};
  BuildLog log_;
};

TEST_F(ApartTest, CompilersAreLeftAloneUnlessAsked) {
  const elf::Object object = compiled({});
  EXPECT_TRUE(object.find_section(".sched.text"));
  EXPECT_FALSE(object.find_section(".text.fast"));
}

TEST_F(ApartTest, ObjectsHaveASectionForEachFunction) {
  const elf::Object object = compiled(kSched);
  EXPECT_FALSE(object.find_section(".sched.text"));
  for (const std::string name : {"slow", "fast", "last"}) {
    const elf::Symbol& symbol = object.symbols[object.find_symbol(name)];
    EXPECT_EQ(object.sections[symbol.section].name, ".text." + name);
    EXPECT_EQ(symbol.value, 0U);
    EXPECT_EQ(symbol.size, object.sections[symbol.section].data.size());
  }
  EXPECT_FALSE(object.sections[object.find_section(".text.fast")].relocations.empty())
      << "the way to slow() is no short jump";
}

TEST_F(ApartTest, ObjectsHaveASectionForEachVariable) {
  kernel_.put("source/fs/x.c",
              "#define R __attribute__((section(\".data..read_mostly\")))\n"
              "static R int table[2] = { 1, 2 };\nR long many[3] = { 3 };\n"
              "int f(void) { static R int n; for (int *p = table; p < table + 2; p++)\n"
              "  n += *p; return n; }\n");
  const elf::Object object = compiled(kData);
  for (const std::string name : {"table", "many"}) {
    const elf::Symbol& symbol = object.symbols[object.find_symbol(name)];
    const elf::Section& section = object.sections[symbol.section];
    EXPECT_EQ(section.name, ".data..read_mostly." + name);
    EXPECT_EQ(symbol.value, 0U);
    EXPECT_EQ(symbol.size, section.data.size());
    EXPECT_EQ(section.flags & (SHF_ALLOC | SHF_WRITE), SHF_ALLOC | SHF_WRITE);
  }
}

} // namespace
} // namespace kpatch::compile
