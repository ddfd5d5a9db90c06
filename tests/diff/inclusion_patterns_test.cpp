// SPDX-License-Identifier: GPL-2.0-or-later
//
// Patterns of compilers, assemblers and the kernel's macros that tools like this one have
// stumbled over, one a test: what references mean, and what has to come along.
#include "base/error.h"
#include "diff/patterns.h"
#include "special/names.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace testing;

/// Two variables in one section, and f, which compares one of them with a constant.
elf::Object comparing(std::int64_t addend, std::uint8_t constant) {
  ObjectBuilder builder;
  const elf::SectionId data = builder.section(
      {.name = ".data..read_mostly", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(16)});
  builder.define("first", STT_OBJECT, data, 8);
  const elf::SymbolId second = builder.define("second", STT_OBJECT, data, 8);
  builder.object().symbols[second].value = 8;
  // cmpl $constant, place(%rip): one more byte behind the field
  builder.function("f", {0x83, 0x3d, 0, 0, 0, 0, constant, kRet});
  builder.add_relocation("f", 7, R_X86_64_PC32, builder.object().section_symbol(data),
                         addend);
  return builder.build();
}

TEST(SectionReferences, CountFromTheEndOfTheInstruction) {
  // 8 - 5 and not 8 - 4: the constant stands between the field and the next instruction.
  const elf::Object object =
      delta_of(Diffing().run(comparing(8 - 5, 1), comparing(8 - 5, 2)));
  EXPECT_TRUE(object.find_symbol("second"));
  EXPECT_FALSE(object.find_symbol("first"));
}

TEST(SectionReferences, InDataAreNoInstructions) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    const elf::SectionId pool =
        builder.section({.name = ".rodata.pool", .flags = SHF_ALLOC, .data = Bytes(16)});
    builder.define("low", STT_OBJECT, pool, 8);
    const elf::SymbolId high = builder.define("high", STT_OBJECT, pool, 8);
    builder.object().symbols[high].value = 8;
    builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, filler, kRet});
    const elf::SectionId table = builder.section(
        {.name = ".rodata.f", .flags = SHF_ALLOC, .data = Bytes(4, 0x0f)});
    builder.relocate(table, {0, R_X86_64_PC32, builder.object().section_symbol(pool), 8});
    builder.add_relocation("f", kMoved, R_X86_64_32S,
                           builder.object().section_symbol(table), 0);
    return builder.build();
  };
  const elf::Object object = delta_of(Diffing().run(make(kNop), make(kOther)));
  const auto& references = object.sections[object.find_section(".rodata.f")].relocations;
  ASSERT_EQ(references.size(), 1U);
  EXPECT_EQ(object.symbols[references[0].symbol].name, "high");
  EXPECT_EQ(references[0].addend, 0);
}

TEST(SectionReferences, IntoTheMiddleOfAnObjectNameIt) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.variable("table", Bytes(32));
    builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, filler, kRet});
    builder.add_relocation("f", kMoved, R_X86_64_32S,
                           builder.object().section_symbol(home_of(builder, "table")),
                           20);
    return builder.build();
  };
  const elf::Object object = delta_of(Diffing().run(make(kNop), make(kOther)));
  const auto& references = object.sections[object.find_section(".text.f")].relocations;
  EXPECT_EQ(object.symbols[references.back().symbol].name, "table");
  EXPECT_EQ(references.back().addend, 20);
}

TEST(SectionReferences, OfCallsMeanTheSameWithAndWithoutThePlt) {
  for (const std::uint32_t type : {R_X86_64_PC32, R_X86_64_PLT32}) {
    const auto make = [&](std::uint8_t filler) {
      ObjectBuilder builder;
      builder.function("callee", {kRet}, STB_LOCAL);
      builder.function("f", {0xe8, 0, 0, 0, 0, filler, kRet});
      builder.add_relocation(
          "f", 6, type, builder.object().section_symbol(home_of(builder, "callee")), -4);
      return builder.build();
    };
    EXPECT_TRUE(delta_of(Diffing().run(make(kNop), make(kOther))).find_symbol("callee"));
    EXPECT_EQ(Diffing().run(make(kNop), make(kNop)).exit, Exit::kNoChange);
  }
}

TEST(SectionReferences, MayBeRelocationsThatDoNothing) {
  const auto make = [&](std::uint8_t filler) {
    ObjectBuilder builder;
    const elf::SymbolId other = builder.variable("other", Bytes(8));
    builder.function("f", {filler, kRet});
    builder.add_relocation("f", 5, R_X86_64_NONE, other, 0);
    return builder.build();
  };
  EXPECT_TRUE(delta_of(Diffing().run(make(kNop), make(kOther))).find_symbol("f"));
}

TEST(Fixups, TravelWithTheEntriesThatNameThem) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    for (const std::string name : {"g", "f"})
      builder.function(name, {name == "f" ? filler : kNop, kRet});
    const elf::SectionId fixup =
        builder.section({.name = ".fixup",
                         .flags = SHF_ALLOC | SHF_EXECINSTR,
                         .data = {0xe9, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0}});
    builder.relocate(fixup, {1, R_X86_64_PC32, builder.symbol("g"), 2});
    builder.relocate(fixup, {6, R_X86_64_PC32, builder.symbol("f"), 2});
    const elf::SectionId table =
        builder.section({.name = "__ex_table", .flags = SHF_ALLOC, .data = Bytes(24)});
    const elf::SymbolId start = builder.object().section_symbol(fixup);
    builder.relocate(table, {0, R_X86_64_PC32, builder.symbol("g"), 5});
    builder.relocate(table, {4, R_X86_64_PC32, start, 0});
    builder.relocate(table, {12, R_X86_64_PC32, builder.symbol("f"), 5});
    builder.relocate(table, {16, R_X86_64_PC32, start, 5});
    return builder.build();
  };
  Diffing diffing;
  diffing.sizes["exception_table_entry"] = 12;
  const elf::Object object = delta_of(diffing.run(make(kNop), make(kOther)));
  EXPECT_EQ(object.sections[object.find_section(".fixup")].size(), 5U);
  const elf::Section& table = object.sections[object.find_section("__ex_table")];
  ASSERT_EQ(table.relocations.size(), 2U);
  EXPECT_EQ(table.relocations[1].offset, 4U);
  EXPECT_EQ(table.relocations[1].addend, 0) << "the piece is the first there is now";
}

TEST(Replacements, OfAlternativesTravelOnlyWithTheirEntries) {
  const auto make = [](std::uint8_t filler, const std::string& user) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet});
    builder.function("g", {kNop, kRet});
    const elf::SectionId code = builder.section({.name = ".altinstr_replacement",
                                                 .flags = SHF_ALLOC | SHF_EXECINSTR,
                                                 .data = {0xfc}});
    const elf::SectionId entries = builder.section(
        {.name = ".altinstructions",
         .flags = SHF_ALLOC,
         .data = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}}); // ends with the lengths
    builder.relocate(entries, {0, R_X86_64_PC32, builder.symbol(user), 5});
    builder.relocate(entries,
                     {4, R_X86_64_PC32, builder.object().section_symbol(code), 0});
    return builder.build();
  };
  Diffing diffing;
  diffing.sizes["alt_instr"] = 12;
  EXPECT_TRUE(has_section(delta_of(diffing.run(make(kNop, "f"), make(kOther, "f"))),
                          ".altinstr_replacement"));
  EXPECT_FALSE(has_section(delta_of(diffing.run(make(kNop, "g"), make(kOther, "g"))),
                           ".altinstr_replacement"));
}

TEST(Toolchains, LeaveSectionsThatMeanNothing) {
  for (const std::string name : {".discard.addressable", ".llvm_addrsig",
                                 ".llvm.call-graph-profile", ".eh_frame"}) {
    const auto make = [&](std::uint8_t byte) {
      ObjectBuilder builder;
      builder.function("f", {kRet});
      builder.section({.name = name, .data = {byte, 0}});
      return builder.build();
    };
    EXPECT_EQ(Diffing().run(make(1), make(2)).exit, Exit::kNoChange) << name;
  }
}

/// The author's request to ignore a section or a function.
void ignore(ObjectBuilder& builder, const std::string& kind, const std::string& name) {
  const elf::SectionId requests = builder.section({.name = ".kpatch.ignore." + kind,
                                                   .flags = SHF_ALLOC | SHF_WRITE,
                                                   .data = Bytes(8)});
  const elf::SymbolId target =
      kind == "functions"
          ? builder.symbol(name)
          : builder.object().section_symbol(strings(builder, ".rodata.str1.1", name));
  builder.relocate(requests, {0, R_X86_64_64, target, 0});
}

/// Only an unlikely path calls the helper, and it does not come back to f.
TEST(Promotion, BringsThePieceThatCalls) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.plain_function("helper", {filler, kRet}, STB_LOCAL);
    builder.function("f", {0xe9, 0, 0, 0, 0});
    builder.plain_function("f.cold", {0xe8, 0, 0, 0, 0, 0x0f, 0x0b}, STB_LOCAL,
                           ".text.unlikely.");
    builder.add_relocation("f", 1, R_X86_64_PC32, builder.symbol("f.cold"), -4);
    builder.add_relocation("f.cold", 1, R_X86_64_PLT32, builder.symbol("helper"), -4);
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop), make(kOther));
  EXPECT_TRUE(says(result, "changed function: f"));
  const elf::Object object = delta_of(result);
  EXPECT_TRUE(object.symbols[object.find_symbol("helper")].is_defined());
  EXPECT_TRUE(object.symbols[object.find_symbol("f.cold")].is_defined());
}

TEST(Requests, ToIgnoreASectionMayNameItsRelocations) {
  const auto make = [](const char* target, std::uint8_t filler, bool is_patched) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet});
    builder.variable("ops", Bytes(8));
    builder.add_relocation("ops", 0, R_X86_64_64, builder.symbol(target), 0);
    if (is_patched)
      ignore(builder, "sections", ".rela.data.ops");
    return builder.build();
  };
  const Result result =
      Diffing().run(make("one", kNop, false), make("two", kOther, true));
  EXPECT_FALSE(has_section(delta_of(result), ".data.ops"));
  EXPECT_TRUE(says(result, "ignoring section: .rela.data.ops"));
}

TEST(Requests, MayComeFromWhoBuildsThePatch) {
  const auto make = [](std::uint8_t filler, const char* target) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet});
    builder.function("quiet", {filler, kRet});
    builder.function("same", {kRet});
    builder.variable("ops", Bytes(8));
    builder.add_relocation("ops", 0, R_X86_64_64, builder.symbol(target), 0);
    return builder.build();
  };
  Diffing diffing;
  diffing.left_out = {"quiet", "same", ".data.ops", ".data.elsewhere"};
  const Result result = diffing.run(make(kNop, "one"), make(kOther, "two"));
  EXPECT_TRUE(result.problems.empty());
  EXPECT_TRUE(says(result, "changed function: f"));
  EXPECT_FALSE(says(result, "changed function: quiet"));
  EXPECT_FALSE(has_section(delta_of(result), ".data.ops"));
  EXPECT_THAT(result.left_out, ::testing::UnorderedElementsAre(".data.ops", "quiet"));
}

TEST(Requests, ToIgnoreAFunctionTakeItsPartsAlong) {
  const auto make = [](std::uint8_t filler, bool is_patched) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet});
    builder.function("quiet", {kRet});
    builder.plain_function("quiet.cold", {filler, kRet}, STB_LOCAL, ".text.unlikely.");
    if (is_patched)
      ignore(builder, "functions", "quiet");
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop, false), make(kOther, true));
  EXPECT_TRUE(says(result, "changed function: f"));
  EXPECT_FALSE(says(result, "changed function: quiet"));
  EXPECT_TRUE(result.problems.empty());
}

TEST(DebugInformation, KeepsOnlyWhatIsAboutThePatch) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet});
    builder.function("g", {kRet});
    const elf::SectionId info =
        builder.section({.name = ".debug_info", .data = Bytes(16)});
    builder.relocate(info, {0, R_X86_64_64, builder.symbol("f"), 0});
    builder.relocate(info, {8, R_X86_64_64, builder.symbol("g"), 0});
    return builder.build();
  };
  const elf::Object object = delta_of(Diffing().run(make(kNop), make(kOther)));
  const auto& left = object.sections[object.find_section(".debug_info")].relocations;
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(object.symbols[left[0].symbol].name, "f");
}

TEST(Header, KeepsTheFlagsOfThePlatform) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.object().header.flags = 2; // ELFv2 on ppc64
    builder.function("f", {filler, kRet});
    return builder.build();
  };
  EXPECT_EQ(delta_of(Diffing().run(make(kNop), make(kOther))).header.flags, 2U);
}

TEST(OnceData, OfMacrosMayTravel) {
  for (const std::string name : {".data.once", ".data..once", ".data.unlikely"}) {
    const auto make = [&](std::uint8_t filler) {
      ObjectBuilder builder;
      const elf::SectionId flags = builder.section(
          {.name = name, .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(1)});
      builder.define("__already_done." + std::to_string(filler), STT_OBJECT, flags, 1);
      builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, filler, kRet});
      builder.add_relocation("f", kMoved, R_X86_64_32S,
                             builder.object().section_symbol(flags), 0);
      return builder.build();
    };
    EXPECT_EQ(Diffing().run(make(kNop), make(kOther)).exit, Exit::kSuccess) << name;
  }
}

} // namespace
} // namespace kpatch::diff
