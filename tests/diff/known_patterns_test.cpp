// SPDX-License-Identifier: GPL-2.0-or-later
//
// Patterns of compilers, assemblers and the kernel's macros that tools like this one have
// stumbled over, one a test: what must not be taken for a change, what must be, and what
// has to come along.
#include "base/error.h"
#include "diff/names.h"
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;
constexpr std::uint8_t kOther = 0xcc;
/// mov target, %rdi; ret
const Bytes kMove = {0x48, 0xc7, 0xc7, 0, 0, 0, 0, kRet};
constexpr std::uint64_t kMoved = 8; ///< its field, behind the call of __fentry__

elf::SectionId home_of(ObjectBuilder& builder, const std::string& name) {
  return builder.object().symbols[builder.object().find_symbol(name)].section;
}

/// A section of zero-terminated strings.
elf::SectionId strings(ObjectBuilder& builder, const std::string& name,
                       const std::string& text) {
  Bytes data(text.begin(), text.end());
  data.push_back(0);
  return builder.section({.name = name,
                          .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                          .entry_size = 1,
                          .data = data});
}

/// What travels.
elf::Object delta_of(const Result& result) {
  for (const Problem& problem : result.problems)
    ADD_FAILURE() << problem.message;
  EXPECT_TRUE(result.delta);
  return result.delta ? result.delta->object : elf::Object();
}

bool has_section(const elf::Object& object, const std::string& name) {
  return object.find_section(name) != elf::kNoSection;
}

TEST(Clones, OfOneFunctionAreMatchedInOrder) {
  const auto make = [](int first, int second, std::uint8_t body) {
    ObjectBuilder builder;
    builder.function("walk.constprop." + std::to_string(first), {kNop, kRet}, STB_LOCAL);
    builder.function("walk.constprop." + std::to_string(second), {body, kNop, kRet},
                     STB_LOCAL);
    return builder.build();
  };
  const Result result = Diffing().run(make(0, 1, kNop), make(3, 7, kOther));
  EXPECT_EQ(result.notes, std::vector<std::string>{"changed function: walk.constprop.1"});
}

TEST(Clones, BringTheSwitchTablesOfTheirOldName) {
  const auto make = [](const std::string& clone, std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function(clone, {0xff, 0x24, 0xc5, 0, 0, 0, 0, filler, kRet}, STB_LOCAL);
    const elf::SectionId table = builder.section({.name = ".rodata." + clone,
                                                  .flags = SHF_ALLOC,
                                                  .alignment = 8,
                                                  .data = Bytes(8)});
    builder.relocate(
        table,
        {0, R_X86_64_64, builder.object().section_symbol(home_of(builder, clone)), 5});
    builder.add_relocation(clone, kMoved, R_X86_64_32S,
                           builder.object().section_symbol(table), 0);
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make("pick.isra.0", kNop), make("pick.isra.4", kNop)).exit,
            Exit::kNoChange);
  const Result result =
      Diffing().run(make("pick.isra.0", kNop), make("pick.isra.4", kOther));
  EXPECT_TRUE(has_section(delta_of(result), ".rodata.pick.isra.0"));
}

TEST(ColdParts, BelongToTheirFunctionWhateverTheirSectionIsCalled) {
  for (const std::string name : {"f.cold", "f.cold.3"})
    for (const std::string section : {".text.unlikely.f", ".text.unlikely.f.cold"}) {
      const auto make = [&](std::uint8_t body) {
        ObjectBuilder builder;
        builder.function("f", {kRet});
        const elf::SectionId home = builder.section({
            .name = section, .flags = SHF_ALLOC | SHF_EXECINSTR, .data = {body, kRet}
        });
        builder.define(name, STT_FUNC, home, 2);
        return builder.build();
      };
      const Result result = Diffing().run(make(kNop), make(kOther));
      EXPECT_EQ(result.notes, std::vector<std::string>{"changed function: f"})
          << name << " in " << section;
    }
}

TEST(Functions, MayMoveBetweenHotNormalAndUnlikely) {
  for (const std::string section : {".text.unlikely.", ".text.hot."}) {
    const auto make = [](const std::string& prefix) {
      ObjectBuilder builder;
      builder.function("other", {kRet});
      builder.plain_function("f", traced({kNop, kRet}), STB_GLOBAL, prefix);
      builder.add_relocation("f", 1, R_X86_64_PLT32, builder.symbol("__fentry__"), -4);
      return builder.build();
    };
    const Result result = Diffing().run(make(".text."), make(section));
    EXPECT_EQ(result.exit, Exit::kSuccess);
    EXPECT_EQ(result.notes, std::vector<std::string>{"changed function: f"});
  }
}

TEST(StaticLocals, WhosePointerLeadsElsewhereAreAChange) {
  const auto make = [](const std::string& variable, const std::string& target) {
    ObjectBuilder builder;
    builder.variable(variable, Bytes(8));
    builder.add_relocation(variable, 0, R_X86_64_64, builder.symbol(target), 0);
    builder.function("f", kMove);
    builder.add_relocation("f", kMoved, R_X86_64_32S,
                           builder.object().find_symbol(variable), 0);
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make("ops.1", "one"), make("ops.5", "one")).exit,
            Exit::kNoChange);
  EXPECT_EQ(codes(Diffing().run(make("ops.1", "one"), make("ops.5", "two"))),
            std::vector<std::string>{code::kChangedSection});
}

TEST(StaticLocals, OfTwoFunctionsWithOneNameKeepTheirUsers) {
  const auto make = [](int number, std::uint8_t filler) {
    ObjectBuilder builder;
    const elf::SymbolId shared =
        builder.variable("shared." + std::to_string(number), Bytes(8));
    for (const std::string user : {"f", "g"}) {
      builder.function(user,
                       {0x48, 0xc7, 0xc7, 0, 0, 0, 0, user == "f" ? filler : kNop, kRet});
      builder.add_relocation(user, kMoved, R_X86_64_32S, shared, 0);
    }
    return builder.build();
  };
  const elf::Object object = delta_of(Diffing().run(make(1, kNop), make(9, kOther)));
  ASSERT_TRUE(object.find_symbol("shared.1"));
  EXPECT_FALSE(object.symbols[object.find_symbol("shared.1")].is_defined());
}

TEST(SpecialStatics, AreKnownByTheirNamesOfBothCompilers) {
  for (const char* name :
       {"__warned.12", "f.__already_done.3", "__key.7", "_rs.1", "__func__.9",
        "__FUNCTION__.2", "CSWTCH.15", "_entry.4", "f.__warned", "f.__key", "f._rs"})
    EXPECT_TRUE(is_special_static_name(name)) << name;
  for (const char* name : {"count.12", "warned.3", "keys.1", "entry.4", "__func"})
    EXPECT_FALSE(is_special_static_name(name)) << name;
}

TEST(SpecialStatics, ComeAlongAsCopies) {
  const auto make = [](const std::string& name, const std::string& text,
                       std::uint8_t filler) {
    ObjectBuilder builder;
    const elf::SectionId home =
        builder.section({.name = ".rodata." + name,
                         .flags = SHF_ALLOC,
                         .data = Bytes(text.begin(), text.end())});
    builder.define(name, STT_OBJECT, home, text.size());
    builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, filler, kRet});
    builder.add_relocation("f", kMoved, R_X86_64_32S, builder.object().find_symbol(name),
                           0);
    return builder.build();
  };
  // Renumbered, and of another size since the function has another name.
  const Result result = Diffing().run(make("__func__.1", "old", kNop),
                                      make("__func__.9", "longer", kOther));
  const elf::Object object = delta_of(result);
  EXPECT_TRUE(object.symbols[object.find_symbol("__func__.9")].is_defined());
}

TEST(Literals, WithLabelsOfTheirOwnTravelWithTheirSection) {
  const auto make = [](const std::string& label, std::uint8_t filler) {
    ObjectBuilder builder;
    const elf::SectionId text = strings(builder, ".rodata.f.str1.1", "hello");
    builder.define(label, STT_NOTYPE, text, 0);
    builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, filler, kRet});
    builder.add_relocation("f", kMoved, R_X86_64_32S, builder.object().find_symbol(label),
                           0);
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(".LC0", kNop), make(".LC7", kNop)).exit, Exit::kNoChange);
  EXPECT_TRUE(
      has_section(delta_of(Diffing().run(make(".LC0", kNop), make(".LC7", kOther))),
                  ".rodata.f.str1.1"));
}

TEST(UnnamedData, OfSanitizersAndClangIsAlwaysNew) {
  for (const std::string name :
       {".data..Lubsan_data12", ".data..L__unnamed_3", ".data..Lubsan_type5"}) {
    const auto make = [&](std::uint8_t line) {
      ObjectBuilder builder;
      const elf::SectionId data = builder.section({
          .name = name, .flags = SHF_ALLOC | SHF_WRITE, .data = {line, 0, 0, 0}
      });
      builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, line, kRet});
      builder.add_relocation("f", kMoved, R_X86_64_32S,
                             builder.object().section_symbol(data), 0);
      return builder.build();
    };
    EXPECT_TRUE(has_section(delta_of(Diffing().run(make(1), make(2))), name)) << name;
  }
}

TEST(Groups, OfOneNameAreMatchedByWhatIsInThem) {
  const auto make = [](bool is_reversed, std::uint8_t body) {
    ObjectBuilder builder;
    builder.function("f", {body, kRet});
    std::vector<std::string> names = {"one", "two"};
    if (is_reversed)
      std::ranges::reverse(names);
    for (const std::string& name : names) {
      const elf::SymbolId member = builder.plain_function(name, {kRet}, STB_WEAK);
      builder.object().add_section({.name = ".group",
                                    .type = SHT_GROUP,
                                    .group_members = {home_of(builder, name)},
                                    .group_signature = member});
    }
    return builder.build();
  };
  const Result result = Diffing().run(make(false, kNop), make(true, kOther));
  EXPECT_EQ(result.notes, std::vector<std::string>{"changed function: f"});
  EXPECT_TRUE(result.problems.empty());
}

TEST(FileSymbols, WithoutANameAreNoNullSymbol) {
  const auto make = [](std::uint8_t body) {
    ObjectBuilder builder;
    builder.object().add_symbol({.type = STT_FILE, .reserved_index = SHN_ABS});
    builder.function("f", {body, kRet}, STB_LOCAL);
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(kNop), make(kOther)).notes,
            std::vector<std::string>{"changed function: f"});
}

TEST(Comparison, OverlooksAlignmentOfCodeAndWhereTablesAre) {
  const auto make = [](std::uint64_t alignment, bool is_shifted) {
    ObjectBuilder builder;
    if (is_shifted)
      builder.section({.name = ".comment", .data = {1}});
    builder.function("f", {kRet});
    builder.object().sections[home_of(builder, "f")].alignment = alignment;
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(16, false), make(1, true)).exit, Exit::kNoChange);
}

TEST(Comparison, OverlooksAddendsIntoTheScratchSectionOfAlternatives) {
  const auto make = [](std::int64_t addend) {
    ObjectBuilder builder;
    const elf::SectionId aux = builder.section({.name = ".altinstr_aux",
                                                .flags = SHF_ALLOC | SHF_EXECINSTR,
                                                .data = Bytes(32, kNop)});
    builder.function("f", kMove);
    builder.add_relocation("f", kMoved, R_X86_64_32S,
                           builder.object().section_symbol(aux), addend);
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(0), make(16)).exit, Exit::kNoChange);
}

/// ppc64: f loads what the slot of .toc at 8 holds.
elf::Object with_toc(std::int64_t slot, std::uint8_t constant, const char* target) {
  ObjectBuilder builder;
  builder.object().header.machine = EM_PPC64;
  Bytes data(24);
  data[static_cast<std::size_t>(slot)] = constant;
  const elf::SectionId toc = builder.section(
      {.name = ".toc", .flags = SHF_ALLOC | SHF_WRITE, .alignment = 8, .data = data});
  builder.plain_function("f", {1, 0, 0, 0x48, 0, 0, 0x62, 0x3c, 0x20, 0, 0x80, 0x4e});
  builder.add_relocation("f", 0, R_PPC64_REL24, builder.symbol("_mcount"), 0);
  builder.add_relocation("f", 4, R_PPC64_TOC16_HA, builder.object().section_symbol(toc),
                         slot);
  if (target)
    builder.relocate(toc, {static_cast<std::uint64_t>(slot), R_PPC64_ADDR64,
                           builder.symbol(target), 0});
  return builder.build();
}

TEST(Toc, IsSeenThrough) {
  EXPECT_EQ(Diffing().run(with_toc(0, 0, "jiffies"), with_toc(8, 0, "jiffies")).exit,
            Exit::kNoChange);
  EXPECT_TRUE(says(Diffing().run(with_toc(0, 0, "jiffies"), with_toc(0, 0, "other")),
                   "changed function: f"));
}

TEST(Toc, MayHoldConstantsAndHaveNoRelocations) {
  EXPECT_EQ(Diffing().run(with_toc(0, 7, nullptr), with_toc(8, 7, nullptr)).exit,
            Exit::kNoChange);
  EXPECT_TRUE(says(Diffing().run(with_toc(0, 7, nullptr), with_toc(0, 8, nullptr)),
                   "changed function: f"));
}

TEST(TraceTables, AreMadeAnewSoADifferenceIsNone) {
  const auto make = [](std::size_t sites) {
    ObjectBuilder builder;
    builder.function("f", {kRet});
    builder.section(
        {.name = "__mcount_loc", .flags = SHF_ALLOC, .data = Bytes(8 * sites)});
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(1), make(2)).exit, Exit::kNoChange);
}

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

TEST(Fixups, TravelWithTheEntriesThatNameThem) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    for (const std::string name : {"g", "f"})
      builder.function(name, {name == "f" ? filler : kNop, kRet});
    const elf::SectionId fixup = builder.section({
        .name = ".fixup",
        .flags = SHF_ALLOC | SHF_EXECINSTR,
        .data = {0xe9, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0}
    });
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
  diffing.sizes.exception = 12;
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
        {.name = ".altinstructions", .flags = SHF_ALLOC, .data = Bytes(12)});
    builder.relocate(entries, {0, R_X86_64_PC32, builder.symbol(user), 5});
    builder.relocate(entries,
                     {4, R_X86_64_PC32, builder.object().section_symbol(code), 0});
    return builder.build();
  };
  Diffing diffing;
  diffing.sizes.alt = 12;
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
      builder.section({
          .name = name, .data = {byte, 0}
      });
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
