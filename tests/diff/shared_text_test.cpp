// SPDX-License-Identifier: GPL-2.0-or-later
// Functions that the source puts into one section.
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;

/// .sched.text holds f, which calls g there without a relocation, and g.
class SchedText {
 public:
  explicit SchedText(std::uint8_t value, std::string name = ".sched.text") {
    // f: call __fentry__; call g; nops     g: call __fentry__; mov $value, %al; ret
    const Bytes code = {0xe8, 0,    0,    0,    0,    0xe8, 6, 0, 0, 0,    0xeb,  2,
                        0x90, 0x90, 0x90, 0x90, 0xe8, 0,    0, 0, 0, 0xb0, value, kRet};
    section = builder.section({.name = std::move(name),
                               .flags = SHF_ALLOC | SHF_EXECINSTR,
                               .alignment = 16,
                               .data = code});
    builder.define("f", STT_FUNC, section, 16, STB_GLOBAL);
    builder.define("g", STT_FUNC, section, 8);
    builder.object().symbols[builder.symbol("g")].value = 16;
    builder.relocate(section, {1, R_X86_64_PLT32, builder.symbol("__fentry__"), -4});
    builder.relocate(section, {17, R_X86_64_PLT32, builder.symbol("__fentry__"), -4});
    // Another function calls g by section and offset.
    builder.function("h", {0xe8, 0, 0, 0, 0, kRet});
    builder.add_relocation("h", 6, R_X86_64_PLT32,
                           builder.object().section_symbol(section), 16 - 4);
  }

  Bytes& code() { return builder.object().sections[section].data; }

  ObjectBuilder builder;
  elf::SectionId section;
};

TEST(SharedText, OnlyTheFunctionThatChangedIsPatched) {
  const Result result =
      Diffing().run(SchedText(1).builder.build(), SchedText(2).builder.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  ASSERT_EQ(result.functions.size(), 1U);
  EXPECT_EQ(result.functions[0].name, "g");
  const elf::Object& object = result.delta->object;
  const elf::Section& code = object.sections[object.find_section(".text.g")];
  EXPECT_EQ(code.data, (Bytes{0xe8, 0, 0, 0, 0, 0xb0, 2, kRet}));
}

TEST(SharedText, PlainTextIsCutUpToo) {
  const Result result = Diffing().run(SchedText(1, ".text").builder.build(),
                                      SchedText(2, ".text").builder.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  ASSERT_EQ(result.functions.size(), 1U);
  EXPECT_EQ(result.functions[0].name, "g");
}

TEST(SharedText, CallsThatTheAssemblerResolvedBecomeRelocations) {
  SchedText before(1);
  SchedText after(1);
  after.code()[11] = 3; // the jump in f
  const Result result = Diffing().run(before.builder.build(), after.builder.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  ASSERT_EQ(result.functions.size(), 1U);
  EXPECT_EQ(result.functions[0].name, "f");
  const elf::Object& object = result.delta->object;
  const elf::Section& code = object.sections[object.find_section(".text.f")];
  ASSERT_EQ(code.relocations.size(), 2U);
  EXPECT_EQ(code.relocations[1].offset, 6U);
  EXPECT_EQ(code.relocations[1].type, static_cast<std::uint32_t>(R_X86_64_PLT32));
  EXPECT_EQ(object.symbols[code.relocations[1].symbol].name, "g");
  EXPECT_EQ(code.relocations[1].addend, -4);
  EXPECT_EQ(code.data[6], 0);
}

TEST(SharedText, AShortJumpIntoAnotherFunctionKeepsTheSectionWhole) {
  SchedText before(1);
  SchedText after(2);
  for (SchedText* unit : {&before, &after})
    unit->code()[11] = 4 + 4; // behind the start of g
  const Result result = Diffing().run(before.builder.build(), after.builder.build());
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kChangedSection});
  EXPECT_EQ(result.whole_sections, std::vector<std::string>{".sched.text"});
}

TEST(SharedText, EverySectionOfTracedCodeIsCutUp) {
  for (const char* name : {".ref.text", ".spinlock.text", ".irqentry.text",
                           ".softirqentry.text", ".cpuidle.text"}) {
    const Result result = Diffing().run(SchedText(1, name).builder.build(),
                                        SchedText(2, name).builder.build());
    ASSERT_EQ(result.exit, Exit::kSuccess) << name;
    ASSERT_EQ(result.functions.size(), 1U) << name;
    EXPECT_EQ(result.functions[0].name, "g") << name;
    EXPECT_TRUE(result.whole_sections.empty());
  }
}

TEST(SharedText, WhatNoTracerReachesIsSaidToBeThat) {
  SchedText before(1, ".cpuidle.text");
  SchedText after(2, ".cpuidle.text");
  for (SchedText* unit : {&before, &after}) {
    elf::Object& object = unit->builder.object();
    object.sections[unit->section].relocations.clear(); // of __fentry__
    unit->code()[1] = unit->code()[17] = 11;
  }
  const Result result = Diffing().run(before.builder.build(), after.builder.build());
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kNoFtraceEntry});
  EXPECT_NE(result.problems[0].message.find("in .cpuidle.text, code that no tracer"),
            std::string::npos);
  EXPECT_TRUE(result.whole_sections.empty());
}

TEST(SharedText, OtherSectionsStayWhole) {
  EXPECT_EQ(codes(Diffing().run(SchedText(1, ".noinstr.text").builder.build(),
                                SchedText(2, ".noinstr.text").builder.build())),
            std::vector<std::string>{code::kChangedSection});
}

/// f and a variable of .data..read_mostly, which may be followed by a new one.
elf::Object with_shared_data(const std::string& section, Bytes data) {
  ObjectBuilder builder;
  const elf::SectionId shared =
      builder.section({.name = section, .flags = SHF_ALLOC | SHF_WRITE, .data = data});
  builder.define("first", STT_OBJECT, shared, 4, STB_GLOBAL);
  builder.function("f", {0xe8, 0, 0, 0, 0, kRet});
  return builder.build();
}

TEST(SharedData, IsAskedForAsPartsWhereItDiffers) {
  for (const std::string name :
       {".data..read_mostly", ".data..ro_after_init", ".data..percpu"}) {
    const elf::Object before = with_shared_data(name, Bytes(4));
    EXPECT_EQ(Diffing().run(before, with_shared_data(name, Bytes(8))).whole_sections,
              std::vector<std::string>{name});
    EXPECT_TRUE(Diffing().run(before, before).whole_sections.empty());
  }
  EXPECT_TRUE(Diffing()
                  .run(with_shared_data(".data.first", Bytes(4)),
                       with_shared_data(".data.first", Bytes(8)))
                  .whole_sections.empty());
}

TEST(SharedData, InPartsIsNewVariableByVariable) {
  const auto make = [](bool has_new) {
    ObjectBuilder builder;
    const auto add = [&](const std::string& name) {
      builder.define(name, STT_OBJECT,
                     builder.section({.name = ".data..read_mostly." + name,
                                      .flags = SHF_ALLOC | SHF_WRITE,
                                      .data = Bytes(8, 1)}),
                     8);
    };
    add("old");
    if (has_new)
      add("fresh");
    builder.function("f", {0xe8, 0, 0, 0, 0, 0x48, 0x8b, 5, 0, 0, 0, 0, kRet});
    builder.add_relocation("f", 8, R_X86_64_PC32,
                           builder.symbol(has_new ? "fresh" : "old"), -4);
    return builder.build();
  };
  const Result result = Diffing().run(make(false), make(true));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(result.delta->object.find_section(".data..read_mostly.fresh"));
  EXPECT_FALSE(result.delta->object.find_section(".data..read_mostly.old"));
}

} // namespace
} // namespace kpatch::diff
