// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;

ObjectBuilder unit(const Bytes& body_of_f = {kRet}) {
  ObjectBuilder builder;
  builder.function("f", body_of_f);
  builder.function("g", {kNop, kRet});
  return builder;
}

TEST(Diff, OfAnObjectWithItselfIsNoChange) {
  const elf::Object object = unit().build();
  const Result result = Diffing().run(object, object);
  EXPECT_EQ(result.exit, Exit::kNoChange);
  EXPECT_FALSE(result.delta);
}

TEST(Diff, FindsTheChangedFunctionAndNoOther) {
  const Result result = Diffing().run(unit().build(), unit({kNop, kRet}).build());
  EXPECT_EQ(result.exit, Exit::kSuccess);
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: f"});
  ASSERT_TRUE(result.delta);
  EXPECT_TRUE(result.delta->object.find_section(".text.f"));
  EXPECT_FALSE(result.delta->object.find_section(".text.g"));
}

TEST(Diff, PullsInANewFunctionThatIsCalled) {
  ObjectBuilder patched = unit({0xe8, 0, 0, 0, 0, kRet});
  const elf::SymbolId fresh = patched.function("fresh", {kRet}, STB_LOCAL);
  patched.add_relocation("f", 6, R_X86_64_PLT32, fresh, -4);
  const Result result = Diffing().run(unit().build(), patched.build());
  EXPECT_TRUE(says(result, "changed function: f"));
  EXPECT_TRUE(says(result, "new function: fresh"));
  EXPECT_TRUE(result.delta->object.find_section(".text.fresh"));
}

TEST(Diff, LeavesAnUnchangedCalleeInTheKernel) {
  const auto make = [](const Bytes& body) {
    ObjectBuilder builder = unit(body);
    builder.add_relocation("f", 6, R_X86_64_PLT32, builder.symbol("g"), -4);
    return builder.build();
  };
  const Result result =
      Diffing().run(make({0xe8, 0, 0, 0, 0, kRet}), make({0xe8, 0, 0, 0, 0, kNop, kRet}));
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  const elf::SymbolId callee = object.find_symbol("g");
  ASSERT_TRUE(callee);
  EXPECT_TRUE(object.symbols[callee].is_undefined());
}

TEST(Diff, RefusesAChangedFunctionThatFtraceCannotRedirect) {
  ObjectBuilder original = unit(), patched = unit();
  original.plain_function("early", {kRet});
  patched.plain_function("early", {kNop, kRet});
  const Result result = Diffing().run(original.build(), patched.build());
  EXPECT_EQ(result.exit, Exit::kNotPatchable);
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kNoFtraceEntry});
  EXPECT_EQ(result.problems[0].symbol, "early");
}

TEST(Diff, ReportsAllProblemsAtOnce) {
  ObjectBuilder original = unit(), patched = unit();
  for (ObjectBuilder* builder : {&original, &patched}) {
    const std::uint8_t value = builder == &original ? 1 : 2;
    builder->variable("limit", {value, 0, 0, 0});
    builder->plain_function("early", {value == 1 ? kRet : kNop, kRet});
  }
  const Result result = Diffing().run(original.build(), patched.build());
  EXPECT_EQ(codes(result),
            (std::vector<std::string>{code::kNoFtraceEntry, code::kChangedSection}));
}

TEST(Diff, ChangeInRelocationsAloneIsAChange) {
  const auto make = [](const char* callee) {
    ObjectBuilder builder = unit({0xe8, 0, 0, 0, 0, kRet});
    builder.add_relocation("f", 6, R_X86_64_PLT32, builder.symbol(callee), -4);
    return builder.build();
  };
  EXPECT_TRUE(says(Diffing().run(make("one"), make("two")), "changed function: f"));
}

TEST(Diff, LosingAllRelocationsIsAChangeEvenWithEqualBytes) {
  ObjectBuilder original = unit(), patched = unit();
  original.plain_function("h", {0, 0, 0, 0, kRet});
  patched.plain_function("h", {0, 0, 0, 0, kRet});
  original.add_relocation("h", 0, R_X86_64_32S, original.symbol("x"), 0);
  EXPECT_EQ(codes(Diffing().run(original.build(), patched.build())),
            std::vector<std::string>{code::kNoFtraceEntry});
}

ObjectBuilder with_string(const std::string& text, std::int64_t offset) {
  ObjectBuilder builder = unit({0x48, 0xc7, 0xc7, 0, 0, 0, 0, kRet});
  Bytes data(static_cast<std::size_t>(offset), 'x');
  if (offset > 0)
    data.back() = 0;
  data.insert(data.end(), text.begin(), text.end());
  data.push_back(0);
  const elf::SectionId strings =
      builder.section({.name = ".rodata.str1.1",
                       .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                       .entry_size = 1,
                       .data = data});
  builder.add_relocation("f", 8, R_X86_64_32S, builder.object().section_symbol(strings),
                         offset);
  return builder;
}

TEST(Diff, ComparesStringsByTextNotByPlace) {
  EXPECT_EQ(Diffing()
                .run(with_string("hello", 0).build(), with_string("hello", 9).build())
                .exit,
            Exit::kNoChange);
  EXPECT_TRUE(says(
      Diffing().run(with_string("hello", 0).build(), with_string("hallo", 0).build()),
      "changed function: f"));
}

TEST(Diff, ColdPieceThatChangesMakesItsParentChange) {
  ObjectBuilder original = unit(), patched = unit();
  original.plain_function("f.cold", {kRet}, STB_LOCAL, ".text.unlikely.");
  patched.plain_function("f.cold", {kNop, kRet}, STB_LOCAL, ".text.unlikely.");
  const Result result = Diffing().run(original.build(), patched.build());
  EXPECT_EQ(result.exit, Exit::kSuccess);
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: f"});
}

TEST(Diff, ColdPieceThatChangesInRelocationsOnlyMakesItsParentChange) {
  const auto make = [](const char* callee) {
    ObjectBuilder builder = unit();
    builder.plain_function("f.cold", {0xe8, 0, 0, 0, 0}, STB_LOCAL, ".text.unlikely.");
    builder.add_relocation("f.cold", 1, R_X86_64_PLT32, builder.symbol(callee), -4);
    return builder.build();
  };
  const Result result = Diffing().run(make("one"), make("two"));
  EXPECT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result, "changed function: f"));
}

TEST(Diff, RenumberedClonesAreTheSame) {
  ObjectBuilder original, patched;
  original.function("f.isra.1", {kRet}, STB_LOCAL);
  patched.function("f.isra.7", {kRet}, STB_LOCAL);
  EXPECT_EQ(Diffing().run(original.build(), patched.build()).exit, Exit::kNoChange);
}

TEST(Diff, NewGlobalAloneIsAChange) {
  ObjectBuilder patched = unit();
  patched.function("helper_for_others", {kRet});
  const Result result = Diffing().run(unit().build(), patched.build());
  EXPECT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result, "new function: helper_for_others"));
}

TEST(Diff, StatesComeAlongThoughNothingRefersToThem) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = unit({filler, kRet});
    const elf::SectionId states = builder.section({.name = ".kpatch.states",
                                                   .flags = SHF_ALLOC | SHF_WRITE,
                                                   .alignment = 8,
                                                   .data = Bytes(24)});
    builder.define("timer_stopped", STT_OBJECT, states, 24);
    return builder.build();
  };
  const Result result = Diffing().run(unit({kNop, kRet}).build(), make(0xcc));
  ASSERT_TRUE(result.delta);
  EXPECT_TRUE(result.delta->object.find_section(".kpatch.states"));
}

TEST(Diff, ReferenceThroughSectionSymbolIsFollowedToTheFunctionThere) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = unit({0x48, 0xc7, 0xc7, 0, 0, 0, 0, filler, kRet});
    const elf::SymbolId local = builder.function("callback", {kRet}, STB_LOCAL);
    const elf::SectionId home = builder.object().symbols[local].section;
    builder.add_relocation("f", 8, R_X86_64_32S, builder.object().section_symbol(home),
                           0);
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop), make(0xcc));
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  EXPECT_FALSE(object.find_section(".text.callback"));
  EXPECT_TRUE(object.symbols[object.find_symbol("callback")].is_undefined());
}

TEST(Diff, SectionSymbolThatOnlyTheOriginalHasDoesNotCrash) {
  ObjectBuilder original = unit();
  ObjectBuilder patched;
  elf::Object& bare = patched.object();
  for (const char* name : {"f", "g"}) {
    const Bytes code =
        traced(name == std::string("f") ? Bytes{kNop, kRet} : Bytes{kNop, kRet});
    const elf::SectionId id = bare.add_section({.name = std::string(".text.") + name,
                                                .flags = SHF_ALLOC | SHF_EXECINSTR,
                                                .alignment = 16,
                                                .data = code});
    patched.define(name, STT_FUNC, id, code.size(), STB_GLOBAL);
    patched.relocate(id, {1, R_X86_64_PLT32, patched.symbol("__fentry__"), -4});
  }
  EXPECT_TRUE(
      says(Diffing().run(original.build(), patched.build()), "changed function: f"));
}

/// f warns with a line number: mov $line, %esi; call reporter.
elf::Object warning_at(std::uint8_t line, const char* reporter) {
  ObjectBuilder builder = unit({0xbe, line, 0, 0, 0, 0xe8, 0, 0, 0, 0, kRet});
  builder.add_relocation("f", 11, R_X86_64_PLT32, builder.symbol(reporter), -4);
  return builder.build();
}

TEST(Diff, AShiftedLineNumberIsNoChange) {
  EXPECT_EQ(Diffing()
                .run(warning_at(10, "__warn_printk"), warning_at(12, "__warn_printk"))
                .exit,
            Exit::kNoChange);
}

TEST(Diff, TheSameImmediateForAnotherFunctionIsAChange) {
  EXPECT_TRUE(says(Diffing().run(warning_at(10, "do_work"), warning_at(12, "do_work")),
                   "changed function: f"));
}

/// Two static locals of one name, told apart by who uses them.
elf::Object with_static_locals(int first, int second, std::uint8_t filler) {
  ObjectBuilder builder;
  for (const auto& [function, number] : {std::pair("f", first), std::pair("g", second)}) {
    const elf::SymbolId local =
        builder.variable("count." + std::to_string(number), {0, 0, 0, 0});
    builder.function(function, {0xff, 0x04, 0x25, 0, 0, 0, 0,
                                function == std::string("f") ? filler : kRet, kRet});
    builder.add_relocation(function, 8, R_X86_64_32S, local, 0);
  }
  return builder.build();
}

TEST(Diff, StaticLocalsAreMatchedByUseNotByNumber) {
  const Result result =
      Diffing().run(with_static_locals(0, 1, kNop), with_static_locals(5, 2, 0xcc));
  ASSERT_TRUE(result.delta) << (result.problems.empty() ? ""
                                                        : result.problems[0].message);
  const elf::Object& object = result.delta->object;
  EXPECT_TRUE(object.find_symbol("count.0"));
  EXPECT_FALSE(object.find_symbol("count.1"));
  EXPECT_FALSE(object.find_section(".data.count.0"));
}

/// f with an entry in __bug_table for each of f and g.
ObjectBuilder with_bug_table(const Bytes& body) {
  ObjectBuilder builder = unit(body);
  const elf::SectionId table = builder.section(
      {.name = "__bug_table", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(24)});
  builder.relocate(table, {0, R_X86_64_PC32, builder.symbol("g"), 1});
  builder.relocate(table, {12, R_X86_64_PC32, builder.symbol("f"), 5});
  return builder;
}

TEST(SpecialSections, KeepOnlyEntriesOfThePatch) {
  Diffing diffing;
  diffing.sizes["bug_entry"] = 12;
  const Result result =
      diffing.run(with_bug_table({kRet}).build(), with_bug_table({kNop, kRet}).build());
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  const elf::Section& table = object.sections[object.find_section("__bug_table")];
  EXPECT_EQ(table.size(), 12U);
  ASSERT_EQ(table.relocations.size(), 1U);
  EXPECT_EQ(table.relocations[0].offset, 0U);
  EXPECT_EQ(object.symbols[table.relocations[0].symbol].name, "f");
}

TEST(SpecialSections, NeedTheirStructSize) {
  EXPECT_THROW(
      Diffing().run(with_bug_table({kRet}).build(), with_bug_table({kNop, kRet}).build()),
      Error);
}

elf::Object with_jump_label(std::uint8_t filler) {
  ObjectBuilder builder = unit({filler, kRet});
  const elf::SectionId table = builder.section(
      {.name = "__jump_table", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(16)});
  builder.relocate(table, {0, R_X86_64_PC32, builder.symbol("f"), 5});
  builder.relocate(table, {4, R_X86_64_PC32, builder.symbol("f"), 6});
  builder.relocate(table, {8, R_X86_64_PC64, builder.symbol("feature_key"), 0});
  return builder.build();
}

TEST(SpecialSections, JumpLabelsOfVmlinuxKeysTravelAlong) {
  Diffing diffing;
  diffing.sizes["jump_entry"] = 16;
  diffing.symvers = image::Symvers::parse("0x0\tfeature_key\tvmlinux\tEXPORT_SYMBOL\t\n",
                                          "Module.symvers");
  const Result result = diffing.run(with_jump_label(kNop), with_jump_label(0xcc));
  EXPECT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(result.delta->object.find_section("__jump_table"));
}

TEST(SpecialSections, JumpLabelsOfModuleKeysThatCannotBeTestedAreRefused) {
  Diffing diffing;
  diffing.sizes["jump_entry"] = 16;
  diffing.symvers =
      image::Symvers::parse("0x0\tfeature_key\tdrivers/foo\tEXPORT_SYMBOL\t\n"
                            "0x0\tother\tvmlinux\tEXPORT_SYMBOL\t\n",
                            "Module.symvers");
  const Result result = diffing.run(with_jump_label(kNop), with_jump_label(0xcc));
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kJumpLabel});
}

TEST(Diff, RefusesObjectsOfDifferentMachines) {
  ObjectBuilder other = unit();
  other.object().header.flags = 7;
  EXPECT_THROW(Diffing().run(unit().build(), other.build()), Error);
}

} // namespace
} // namespace kpatch::diff
