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
  EXPECT_EQ(result.whole_text, std::vector<std::string>{".sched.text"});
}

TEST(SharedText, EverySectionOfTracedCodeIsCutUp) {
  for (const char* name : {".ref.text", ".spinlock.text", ".irqentry.text",
                           ".softirqentry.text", ".cpuidle.text"}) {
    const Result result = Diffing().run(SchedText(1, name).builder.build(),
                                        SchedText(2, name).builder.build());
    ASSERT_EQ(result.exit, Exit::kSuccess) << name;
    ASSERT_EQ(result.functions.size(), 1U) << name;
    EXPECT_EQ(result.functions[0].name, "g") << name;
    EXPECT_TRUE(result.whole_text.empty());
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
  EXPECT_TRUE(result.whole_text.empty());
}

TEST(SharedText, OtherSectionsStayWhole) {
  EXPECT_EQ(codes(Diffing().run(SchedText(1, ".noinstr.text").builder.build(),
                                SchedText(2, ".noinstr.text").builder.build())),
            std::vector<std::string>{code::kChangedSection});
}

} // namespace
} // namespace kpatch::diff
