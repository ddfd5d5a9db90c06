// SPDX-License-Identifier: GPL-2.0-or-later
// What is read from the debug information of objects that the compiler makes here.
#include "base/files.h"
#include "base/process.h"
#include "dwarf/debug_info.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace kpatch::dwarf {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kHeader = "static inline int twice(int n)\n"
                                     "{\n"
                                     "  extern int seen;\n"
                                     "  seen = n;\n"
                                     "  return n * 2;\n"
                                     "}\n";

constexpr std::string_view kUnit =
    "#include \"h.h\"\n"
    "struct point { int x; struct { short low, high; } y[2]; };\n"
    "typedef struct point point_t;\n"
    "const point_t corners[3] = {{1}};\n"
    "extern int other(int);\n"
    "int f(int n)\n"
    "{\n"
    "  static int calls = 7;\n"
    "  calls += other(n);\n"
    "  return twice(calls) + corners[n].x;\n"
    "}\n";

class ReadingDebugInfo : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(directory_);
    write_file(directory_ / "h.h", kHeader);
    write_file(directory_ / "u.c", kUnit);
  }
  void TearDown() override { fs::remove_all(directory_); }

  elf::Object compile(const std::string& option) {
    const Outcome outcome = run({.argv = {"gcc", "-O2", option, "-ffunction-sections",
                                          "-fdata-sections", "-fno-pic", "-c", "u.c"},
                                 .directory = directory_});
    EXPECT_TRUE(outcome.ok()) << outcome.errors;
    return elf::read_object(directory_ / "u.o");
  }

  static elf::SectionId section_of(const elf::Object& object, std::string_view symbol) {
    for (const elf::Symbol& candidate : object.symbols)
      if (candidate.name.starts_with(symbol) && candidate.is_defined())
        return candidate.section;
    return elf::kNoSection;
  }

  /// Where the code stores to `seen`, which only the inlined function does.
  static std::uint64_t inlined_code(const elf::Object& object) {
    for (const elf::Relocation& relocation :
         object.sections[section_of(object, "f")].relocations)
      if (object.symbols[relocation.symbol].name == "seen")
        return relocation.offset;
    return 0;
  }

  fs::path directory_ =
      fs::temp_directory_path() / ("debug_info_test." + std::to_string(getpid()));
};

TEST_F(ReadingDebugInfo, KnowsTheLineOfAnInstruction) {
  const elf::Object object = compile("-g");
  const auto debug = DebugInfo::read(object);
  ASSERT_TRUE(debug);
  const auto place = debug->find_place(section_of(object, "f"), 0);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->at.text(), "u.c:7");
  EXPECT_EQ(place->function, "f");
  EXPECT_EQ(place->function_declared.text(), "u.c:6");
  EXPECT_TRUE(place->inlined.empty());
}

TEST_F(ReadingDebugInfo, KnowsWhatWasInlined) {
  for (const std::string dwarf : {"-gdwarf-4", "-gdwarf-5"}) {
    const elf::Object object = compile(dwarf);
    const auto debug = DebugInfo::read(object);
    ASSERT_TRUE(debug);
    const auto place = debug->find_place(section_of(object, "f"), inlined_code(object));
    ASSERT_TRUE(place);
    EXPECT_EQ(place->at.text(), "h.h:4");
    ASSERT_EQ(place->inlined.size(), 1U);
    EXPECT_EQ(place->inlined[0].function, "twice");
    EXPECT_EQ(place->inlined[0].declared.text(), "h.h:1");
    EXPECT_EQ(place->inlined[0].called_at.text(), "u.c:10");
    EXPECT_EQ(place->function, "f");
  }
}

TEST_F(ReadingDebugInfo, KnowsTheStatementsThatInlinedCodeIsOf) {
  for (const std::string dwarf : {"-gdwarf-4", "-gdwarf-5"}) {
    const elf::Object object = compile(dwarf);
    const auto debug = DebugInfo::read(object);
    ASSERT_TRUE(debug);
    const elf::SectionId f = section_of(object, "f");
    const auto own = debug->find_statements(f, 0);
    ASSERT_EQ(own.size(), 1U);
    EXPECT_EQ(own[0].text(), "u.c:7");
    const auto inlined = debug->find_statements(f, inlined_code(object));
    ASSERT_EQ(inlined.size(), 2U);
    EXPECT_EQ(inlined[0].text(), "h.h:4");
    EXPECT_EQ(inlined[1].text(), "u.c:10");
    EXPECT_TRUE(debug->find_statements(f, object.sections[f].size()).empty())
        << "behind the end of the code";
  }
}

TEST_F(ReadingDebugInfo, KnowsVariablesTheirTypesAndMembers) {
  const elf::Object object = compile("-g");
  const auto debug = DebugInfo::read(object);
  ASSERT_TRUE(debug);
  const elf::SectionId corners = section_of(object, "corners");
  const auto variable = debug->find_variable(corners, 0);
  ASSERT_TRUE(variable);
  EXPECT_EQ(variable->name, "corners");
  EXPECT_EQ(variable->type, "const point_t[3]");
  EXPECT_EQ(variable->declared.text(), "u.c:4");
  EXPECT_EQ(debug->find_field(corners, 0, 12 + 4 + 4 + 2), "[1].y[1].high");
  EXPECT_EQ(debug->find_field(corners, 0, 0), "[0].x");
}

TEST_F(ReadingDebugInfo, KnowsStaticVariablesOfFunctions) {
  const elf::Object object = compile("-g");
  const auto variable =
      DebugInfo::read(object)->find_variable(section_of(object, "calls"), 0);
  ASSERT_TRUE(variable);
  EXPECT_EQ(variable->name, "calls");
  EXPECT_EQ(variable->type, "int");
  EXPECT_EQ(variable->declared.text(), "u.c:8");
}

TEST_F(ReadingDebugInfo, AnObjectWithoutAnyIsNoError) {
  EXPECT_FALSE(DebugInfo::read(compile("-g0")));
}

TEST_F(ReadingDebugInfo, DamageIsNoError) {
  elf::Object object = compile("-g");
  const elf::SectionId code = section_of(object, "f");
  for (std::size_t step = 1; step < 64; ++step) {
    elf::Object damaged = object;
    for (elf::Section& section : damaged.sections)
      if (section.name.starts_with(".debug_"))
        for (std::size_t at = step; at < section.data.size(); at += 31 + step)
          section.data[at] = static_cast<std::uint8_t>(at * step);
    if (const auto debug = DebugInfo::read(damaged)) {
      debug->find_place(code, 4);
      if (debug->find_variable(section_of(object, "corners"), 0))
        debug->find_field(section_of(object, "corners"), 0, 13);
    }
  }
}

} // namespace
} // namespace kpatch::dwarf
