// SPDX-License-Identifier: GPL-2.0-or-later
//
// Patterns of compilers, assemblers and the kernel's macros that tools like this one have
// stumbled over, one a test: what is the same on both sides, and what must be taken
// for a change and what not.
#include "base/error.h"
#include "diff/patterns.h"
#include "special/names.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace testing;

TEST(ModuleInformation, MayGetAnotherLength) {
  const auto make = [](const std::string& text, std::uint8_t body) {
    ObjectBuilder builder;
    builder.function("f", {body, kRet});
    const elf::SectionId home =
        builder.section({.name = ".modinfo",
                         .flags = SHF_ALLOC,
                         .data = Bytes(text.begin(), text.end())});
    builder.define("__UNIQUE_ID_license402", STT_OBJECT, home, text.size());
    return builder.build();
  };
  const elf::Object original = make("license=GPL", kNop);
  EXPECT_EQ(Diffing().run(original, make("license=GPL v2", kNop)).exit, Exit::kNoChange);
  const Result result = Diffing().run(original, make("license=GPL v2", kOther));
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: f"});
  EXPECT_EQ(codes(result), std::vector<std::string>{});
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
  EXPECT_EQ(lines(result),
            std::vector<std::string>{"changed function: walk.constprop.1"});
}

TEST(Clones, AreNotEachOther) {
  const auto make = [](const std::string& called) {
    ObjectBuilder builder;
    for (const std::uint8_t body : {kNop, kOther})
      builder.function(body == kNop ? "walk.constprop.0" : "walk.constprop.1",
                       {body, kRet}, STB_LOCAL);
    builder.function("caller", {0xe9, 0, 0, 0, 0});
    builder.add_relocation("caller", 6, R_X86_64_PLT32, builder.symbol(called), -4);
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make("walk.constprop.0"), make("walk.constprop.0")).exit,
            Exit::kNoChange);
  EXPECT_EQ(lines(Diffing().run(make("walk.constprop.0"), make("walk.constprop.1"))),
            std::vector<std::string>{"changed function: caller"});
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
        const elf::SectionId home = builder.section(
            {.name = section, .flags = SHF_ALLOC | SHF_EXECINSTR, .data = {body, kRet}});
        builder.define(name, STT_FUNC, home, 2);
        return builder.build();
      };
      const Result result = Diffing().run(make(kNop), make(kOther));
      EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: f"})
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
    EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: f"});
  }
}

/// A function that comes to call a cold one always goes where its cold part was, which is
/// none any more. A table leads to it by the section that it lies in.
TEST(ColdParts, AreNotWhatTheWholeFunctionBecomes) {
  const auto make = [](bool is_all_cold) {
    ObjectBuilder builder;
    builder.plain_function("f", traced({kNop, kRet}), STB_LOCAL,
                           is_all_cold ? ".text.unlikely." : ".text.");
    builder.add_relocation("f", 1, R_X86_64_PLT32, builder.symbol("__fentry__"), -4);
    if (!is_all_cold)
      builder.define("f.cold", STT_FUNC,
                     builder.section({.name = ".text.unlikely.f",
                                      .flags = SHF_ALLOC | SHF_EXECINSTR,
                                      .data = {kOther, kRet}}),
                     2);
    for (const elf::Symbol& symbol : std::vector(builder.object().symbols))
      if (symbol.is_function() && symbol.is_defined())
        builder.object().section_symbol(symbol.section);
    builder.define("table", STT_OBJECT,
                   builder.section({.name = ".rodata.table",
                                    .flags = SHF_ALLOC,
                                    .alignment = 8,
                                    .data = Bytes(8)}),
                   8);
    const elf::Symbol& f = builder.object().symbols[builder.object().find_symbol("f")];
    builder.add_relocation("table", 0, R_X86_64_64,
                           builder.object().section_symbol(f.section),
                           static_cast<std::int64_t>(f.value));
    return builder.build();
  };
  const Result colder = Diffing().run(make(false), make(true));
  EXPECT_EQ(lines(colder), std::vector<std::string>{"changed function: f"});
  EXPECT_EQ(colder.exit, Exit::kSuccess);
  const Result warmer = Diffing().run(make(true), make(false));
  EXPECT_THAT(lines(warmer), ::testing::Contains(std::string("changed function: f")));
  EXPECT_EQ(warmer.exit, Exit::kSuccess);
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
    EXPECT_TRUE(special::is_special_static_name(name)) << name;
  for (const char* name : {"count.12", "warned.3", "keys.1", "entry.4", "__func"})
    EXPECT_FALSE(special::is_special_static_name(name)) << name;
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
      const elf::SectionId data = builder.section(
          {.name = name, .flags = SHF_ALLOC | SHF_WRITE, .data = {line, 0, 0, 0}});
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
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: f"});
  EXPECT_TRUE(result.problems.empty());
}

TEST(FileSymbols, WithoutANameAreNoNullSymbol) {
  const auto make = [](std::uint8_t body) {
    ObjectBuilder builder;
    builder.object().add_symbol({.type = STT_FILE, .reserved_index = SHN_ABS});
    builder.function("f", {body, kRet}, STB_LOCAL);
    return builder.build();
  };
  EXPECT_EQ(lines(Diffing().run(make(kNop), make(kOther))),
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
    builder.function("g", kMove); // whose piece lies before or behind
    builder.add_relocation("g", kMoved, R_X86_64_32S,
                           builder.object().section_symbol(aux), 16 - addend);
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

} // namespace
} // namespace kpatch::diff
