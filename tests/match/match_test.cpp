// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image.h"
#include "match/match.h"
#include "match/unit.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::match {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Bytes kReturn = {0xc3};
const Bytes kCallReturn = {0xe8, 0, 0, 0, 0, 0xc3};       // relocation at 1
const Bytes kLoadReturn = {0x8b, 0x05, 0, 0, 0, 0, 0xc3}; // mov 0(%rip), %eax; at 2
const Bytes kJump = {0x90, 0xe9, 0, 0, 0, 0};             // relocation at 2

TEST(Match, FindsAFunctionAndWhatItRefersTo) {
  Unit image(Unit::Form::kJoined);
  image.variable("count", Bytes(4)); // another unit's
  const auto count = image.variable("count", Bytes(4));
  const auto show = image.function("show", kLoadReturn);
  image.refer(show, 2, R_X86_64_PC32, count);

  Unit unit(Unit::Form::kSplit);
  const auto mine = unit.variable("count", Bytes(4));
  unit.refer(unit.function("show", kLoadReturn), 2, R_X86_64_PC32, mine);
  const UnitMatch match = match_unit(unit.object(), image.image());

  EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
  EXPECT_EQ(match.references, 1U);
  EXPECT_TRUE(match.wrong.empty());
  const image::LocatedSymbol& found = match.located.at("count");
  EXPECT_EQ(found.position, 2U);
  EXPECT_FALSE(found.is_only_one);
  EXPECT_FALSE(found.is_global);
}

TEST(Match, SeesThroughReferencesBySection) {
  Unit image(Unit::Form::kJoined);
  const auto first = image.variable("count", Bytes(4));
  image.variable("count", Bytes(4));
  image.refer(image.function("show", kLoadReturn), 2, R_X86_64_PC32, first);

  Unit unit(Unit::Form::kSplit);
  unit.variable("count", Bytes(4));
  const auto section =
      unit.object().section_symbol(unit.object().find_section(".data.count"));
  unit.refer(unit.function("show", kLoadReturn), 2, R_X86_64_PC32, section);
  const UnitMatch match = match_unit(unit.object(), image.image());
  EXPECT_EQ(match.located.at("count").position, 1U);
}

TEST(Match, NamesTheFirstInstructionThatDiffers) {
  Unit image(Unit::Form::kJoined);
  image.function("show", {0x31, 0xc0, 0xff, 0xc0, 0xc3}); // xor; inc; ret
  Unit unit(Unit::Form::kSplit);
  unit.function("show", {0x31, 0xc0, 0xff, 0xc8, 0xc3}); // xor; dec; ret
  const UnitMatch match = match_unit(unit.object(), image.image());
  const FunctionMatch& show = *match.find("show");
  EXPECT_EQ(show.verdict, Verdict::kDifferent);
  EXPECT_FALSE(show.is_proven());
  EXPECT_EQ(show.offset, 2U);
  EXPECT_THAT(show.ours, HasSubstr("dec"));
  EXPECT_THAT(show.theirs, HasSubstr("inc"));
}

TEST(Match, SaysWhenAReferenceLeadsElsewhere) {
  Unit image(Unit::Form::kJoined);
  image.function("lock", kReturn, STB_GLOBAL);
  const auto unlock = image.function("unlock", kReturn, STB_GLOBAL);
  image.refer(image.function("show", kCallReturn), 1, R_X86_64_PLT32, unlock);
  Unit unit(Unit::Form::kSplit);
  unit.refer(unit.function("show", kCallReturn), 1, R_X86_64_PLT32,
             unit.undefined("lock"));
  const UnitMatch match = match_unit(unit.object(), image.image());
  ASSERT_EQ(match.wrong.size(), 1U);
  EXPECT_EQ(match.wrong[0].from, "show");
  EXPECT_EQ(match.wrong[0].wanted, "lock");
  EXPECT_EQ(match.wrong[0].found, "unlock");
}

TEST(Match, ComparesConstantsByContent) {
  const auto compare = [](const char* ours) {
    Unit image(Unit::Form::kJoined);
    const auto limits = image.constant("limits", {1, 2, 3, 4});
    image.refer(image.function("show", kLoadReturn), 2, R_X86_64_PC32, limits);
    Unit unit(Unit::Form::kSplit);
    const auto mine = unit.constant("limits", Bytes(ours, ours + 4));
    unit.refer(unit.function("show", kLoadReturn), 2, R_X86_64_PC32, mine);
    return match_unit(unit.object(), image.image()).wrong.size();
  };
  EXPECT_EQ(compare("\1\2\3\4"), 0U);
  EXPECT_EQ(compare("\1\2\3\5"), 1U);
}

/// kernel/bpf/helpers.c has a weak bpf_send_signal_proto, bpf_trace.c the one that
/// counts.
TEST(Match, LeavesWeakConstantsToTheUnitThatHasTheRealOnes) {
  for (const bool is_weak : {false, true}) {
    Unit image(Unit::Form::kJoined);
    image.refer(image.function("show", kLoadReturn), 2, R_X86_64_PC32,
                image.constant("limits", {1, 2, 3, 4}));
    Unit unit(Unit::Form::kSplit);
    unit.refer(unit.function("show", kLoadReturn), 2, R_X86_64_PC32,
               unit.constant("limits", {0, 0, 0, 0}, is_weak ? STB_WEAK : STB_GLOBAL));
    const UnitMatch match = match_unit(unit.object(), image.image());
    EXPECT_EQ(match.wrong.empty(), is_weak);
    EXPECT_TRUE(match.located.contains("limits"));
  }
}

TEST(Match, ComparesStringLiteralsByContent) {
  const auto compare = [](std::string_view ours) {
    Unit image(Unit::Form::kJoined);
    const auto text = image.constant("text", {'h', 'i', 0});
    image.refer(image.function("show", kLoadReturn), 2, R_X86_64_PC32, text);
    Unit unit(Unit::Form::kSplit);
    const auto strings =
        unit.object().add_section({.name = ".rodata.str1.1",
                                   .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                                   .entry_size = 1,
                                   .data = Bytes(ours.begin(), ours.end())});
    unit.refer(unit.function("show", kLoadReturn), 2, R_X86_64_PC32,
               unit.object().section_symbol(strings), 2 - 4);
    return match_unit(unit.object(), image.image()).wrong.size();
  };
  EXPECT_EQ(compare(std::string_view("x\0hi\0", 5)), 0U);
  EXPECT_EQ(compare(std::string_view("x\0ho\0", 5)), 1U);
}

TEST(Match, ComparesALiteralWithALabelWhereverIntoItAReferenceLeads) {
  const auto compare = [](std::string_view ours, std::int64_t distance) {
    Unit image(Unit::Form::kJoined);
    const auto text = image.constant("text", {'h', 'i', 0, 'x'});
    image.refer(image.function("show", kLoadReturn), 2, R_X86_64_PC32, text,
                distance - 4);
    Unit unit(Unit::Form::kSplit);
    const auto strings =
        unit.object().add_section({.name = ".rodata.show.str1.1",
                                   .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                                   .entry_size = 1,
                                   .data = Bytes(ours.begin(), ours.end())});
    const auto label =
        unit.object().add_symbol({.name = ".LC0", .section = strings, .value = 2});
    unit.refer(unit.function("show", kLoadReturn), 2, R_X86_64_PC32, label, distance - 4);
    return match_unit(unit.object(), image.image()).wrong.size();
  };
  for (const std::int64_t distance : {0, 1, 3}) { // 3: past its end
    EXPECT_EQ(compare(std::string_view("x\0hi\0", 5), distance), 0U) << distance;
    EXPECT_EQ(compare(std::string_view("x\0ho\0", 5), distance), 1U) << distance;
    EXPECT_EQ(compare(std::string_view("x\0Hi\0", 5), distance), 1U) << distance;
  }
}

/// amdgpu's dml2_pmo_dcn5_stage_optimizers.c, at -O3.
TEST(Match, ComparesAConstantOfAddressesByWhatTheyAreOf) {
  const auto compare = [](const std::string& named, Bytes rest) {
    Unit image(Unit::Form::kJoined);
    image.function("other", kReturn);
    const auto pair = image.constant("pair", Bytes(16));
    image.refer(pair, 0, R_X86_64_64, image.function("init", kReturn), 0);
    image.refer(image.function("show", kLoadReturn), 2, R_X86_64_PC32, pair);
    Unit unit(Unit::Form::kSplit);
    const auto other = unit.function("other", kReturn);
    const auto init = unit.function("init", kReturn);
    rest.insert(rest.begin(), 8, 0);
    const auto constants = unit.object().add_section({.name = ".rodata.cst16",
                                                      .flags = SHF_ALLOC | SHF_MERGE,
                                                      .entry_size = 16,
                                                      .data = rest});
    const auto label = unit.object().add_symbol({.name = ".LC0", .section = constants});
    unit.refer(label, 0, R_X86_64_64, named == "init" ? init : other, 0);
    unit.refer(unit.function("show", kLoadReturn), 2, R_X86_64_PC32, label);
    return match_unit(unit.object(), image.image()).wrong.size();
  };
  EXPECT_EQ(compare("init", Bytes(8)), 0U);
  EXPECT_EQ(compare("other", Bytes(8)), 1U);
  EXPECT_EQ(compare("init", Bytes(8, 1)), 1U);
}

TEST(Match, TellsFunctionsOfOneNameApartByWhoCallsThem) {
  Unit image(Unit::Form::kJoined);
  image.function("show", kReturn);
  const auto second = image.function("show", kReturn);
  image.refer(image.function("caller", kCallReturn), 1, R_X86_64_PLT32, second);
  Unit unit(Unit::Form::kSplit);
  const auto mine = unit.function("show", kReturn);
  unit.refer(unit.function("caller", kCallReturn), 1, R_X86_64_PLT32, mine);
  const UnitMatch match = match_unit(unit.object(), image.image());
  EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
  EXPECT_EQ(match.located.at("show").position, 2U);
}

TEST(Match, TellsFunctionsOfOneNameApartByTheirNeighbours) {
  Unit image(Unit::Form::kJoined);
  for (const char* name : {"show", "first", "show", "last", "show"})
    image.function(name, kReturn);
  Unit unit(Unit::Form::kSplit);
  for (const char* name : {"first", "show", "last"})
    unit.function(name, kReturn);
  EXPECT_EQ(match_unit(unit.object(), image.image()).located.at("show").position, 2U);
}

TEST(Match, DoesNotGuessBetweenTwins) {
  Unit image(Unit::Form::kJoined);
  for (const char* name : {"show", "other", "show"})
    image.function(name, kReturn);
  Unit unit(Unit::Form::kSplit);
  unit.function("show", kReturn);
  const UnitMatch match = match_unit(unit.object(), image.image());
  EXPECT_EQ(verdict(match, "show"), Verdict::kAmbiguous);
  EXPECT_FALSE(match.located.contains("show"));
}

TEST(Match, RecognisesWeakDefaultsThatAreOverridden) {
  Unit image(Unit::Form::kJoined);
  image.function("arch_hook", {0x31, 0xc0, 0xc3}, STB_GLOBAL);
  Unit unit(Unit::Form::kSplit);
  unit.function("arch_hook", kReturn, STB_WEAK);
  EXPECT_EQ(verdict(match_unit(unit.object(), image.image()), "arch_hook"),
            Verdict::kOverridden);
}

TEST(Match, FollowsAColdPartBackToADefaultThatHasLostItsName) {
  const auto match = [](const Bytes& nameless) {
    Unit image(Unit::Form::kJoined);
    image.function("arch_hook", {0x31, 0xc0, 0xc3}, STB_GLOBAL);
    const auto place = image.function("nameless", nameless);
    image.object().symbols[place].name.clear();
    image.refer(image.function("arch_hook.cold", kJump), 2, R_X86_64_PC32, place);
    Unit unit(Unit::Form::kSplit);
    unit.function("arch_hook", {0x90, 0xc3}, STB_WEAK);
    const auto parent =
        unit.object().section_symbol(unit.object().find_section(".text.arch_hook"));
    unit.refer(unit.function("arch_hook.cold", kJump), 2, R_X86_64_PC32, parent);
    return match_unit(unit.object(), image.image());
  };
  const UnitMatch right = match({0x90, 0xc3});
  EXPECT_TRUE(right.wrong.empty());
  EXPECT_EQ(verdict(right, "arch_hook"), Verdict::kOverridden);
  EXPECT_EQ(verdict(right, "arch_hook.cold"), Verdict::kEqual);
  EXPECT_FALSE(right.located.contains("arch_hook"));

  const UnitMatch wrong = match({0xcc, 0xc3});
  ASSERT_EQ(wrong.wrong.size(), 1U);
  EXPECT_EQ(wrong.wrong[0].wanted, "arch_hook");
}

TEST(Match, RecognisesJumpsOfAnotherWidth) {
  const Bytes near = {0x90, 0xeb, 0xed}; // jmp to 16 bytes before this function
  Unit image(Unit::Form::kJoined);
  image.function("other", kReturn, STB_GLOBAL);
  image.function("show", near);
  Unit unit(Unit::Form::kSplit);
  unit.refer(unit.function("show", kJump), 2, R_X86_64_PLT32, unit.undefined("other"));
  const UnitMatch match = match_unit(unit.object(), image.image());
  EXPECT_EQ(verdict(match, "show"), Verdict::kMoved);
  EXPECT_EQ(match.references, 1U);
  EXPECT_TRUE(match.wrong.empty());
  EXPECT_TRUE(match.located.contains("other"));
}

TEST(Match, TakesNoJumpLabelForPadding) {
  Unit image(Unit::Form::kJoined);
  image.function("show", {0x31, 0xc0, 0x66, 0x90, 0xc3}); // a NOP to be made a jump
  Unit unit(Unit::Form::kSplit);
  unit.function("show", {0x31, 0xc0, 0xc3});
  EXPECT_EQ(verdict(match_unit(unit.object(), image.image()), "show"),
            Verdict::kDifferent);
}

/// Padding between a jump label and its target makes the jump a long one.
TEST(Match, FollowsAJumpLabelOfAnotherWidth) {
  Unit image(Unit::Form::kJoined);
  image.function("show", {0x31, 0xc0, 0x66, 0x90, 0xc3});
  const auto match = [&](std::uint64_t label) {
    Unit unit(Unit::Form::kSplit);
    const auto show =
        unit.function("show", {0x31, 0xc0, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3});
    elf::Object& object = unit.object();
    const elf::SymbolId text = object.section_symbol(object.symbols[show].section);
    object.add_section(
        {.name = "__jump_table",
         .flags = SHF_ALLOC,
         .data = Bytes(16),
         .has_relocations = true,
         .relocations = {{0, R_X86_64_PC32, text, static_cast<std::int64_t>(label)},
                         {4, R_X86_64_PC32, text, 2}}});
    return verdict(match_unit(object, image.image()), "show");
  };
  EXPECT_EQ(match(2), Verdict::kMoved);
  EXPECT_EQ(match(0), Verdict::kDifferent);
}

/// A function with a small loop behind padding, as gcc 14 makes it:
/// xor %eax, %eax; .p2align 5; loop: inc %eax; jmp to the cold part; jmp loop; ret
Bytes looping(std::size_t padding) {
  Bytes code = {0x31, 0xc0};
  code.insert(code.end(), padding, 0x90);
  code.insert(code.end(), {0xff, 0xc0, 0xe9, 0, 0, 0, 0, 0xeb, 0xf7, 0xc3});
  return code;
}

constexpr std::size_t kLongPadding = 30;  // from 2 to 32
constexpr std::size_t kShortPadding = 14; // from 18 to 32

struct Loop {
  std::size_t padding = kShortPadding;
  std::int64_t back_to = 0; ///< where its cold part jumps to
};

/// The function, and its cold part that jumps back into the loop by section.
Unit with_loop(Unit::Form form, const Loop& loop) {
  Unit unit(form);
  if (form == Unit::Form::kJoined) // 16 bytes behind a multiple of 32
    unit.function("other", kReturn);
  const auto show = unit.function("show", looping(loop.padding));
  const auto cold = unit.function("show.cold", kJump);
  unit.refer(show, 2 + loop.padding + 3, R_X86_64_PC32, cold);
  const elf::Symbol& symbol = unit.object().symbols[show];
  unit.refer(cold, 2, R_X86_64_PC32, unit.object().section_symbol(symbol.section),
             static_cast<std::int64_t>(symbol.value) + loop.back_to - 4);
  return unit;
}

UnitMatch match_loop(const Loop& shipped,
                     const Loop& mine = {.padding = kLongPadding,
                                         .back_to = 2 + kLongPadding}) {
  return match_unit(with_loop(Unit::Form::kSplit, mine).object(),
                    with_loop(Unit::Form::kJoined, shipped).image());
}

TEST(LoopPadding, DependsOnWhereTheFunctionBegins) {
  const UnitMatch match = match_loop({.back_to = 2 + kShortPadding});
  EXPECT_EQ(verdict(match, "show"), Verdict::kMoved);
  EXPECT_EQ(verdict(match, "show.cold"), Verdict::kEqual);
  EXPECT_TRUE(match.wrong.empty());
}

TEST(LoopPadding, MayLieBeforeAShortInstruction) {
  constexpr std::int64_t kReturnOfOne = 11; // of one byte, behind the loop
  const UnitMatch match =
      match_loop({.back_to = kReturnOfOne + kShortPadding},
                 {.padding = kLongPadding, .back_to = kReturnOfOne + kLongPadding});
  EXPECT_EQ(verdict(match, "show"), Verdict::kMoved);
  EXPECT_TRUE(match.wrong.empty());
}

TEST(LoopPadding, EndsWhereTheLoopIsAligned) {
  constexpr std::size_t kOneMore = kShortPadding + 1;
  EXPECT_EQ(verdict(match_loop({.padding = kOneMore, .back_to = 2 + kOneMore}), "show"),
            Verdict::kDifferent);
}

TEST(LoopPadding, LetsNoPartJumpElsewhere) {
  for (const std::int64_t elsewhere :
       {std::int64_t{2 + kShortPadding + 2}, std::int64_t{2 + kLongPadding}}) {
    const UnitMatch match = match_loop({.back_to = elsewhere});
    EXPECT_EQ(verdict(match, "show"), Verdict::kMoved);
    ASSERT_EQ(match.wrong.size(), 1U) << elsewhere;
    EXPECT_EQ(match.wrong[0].from, "show.cold");
  }
}

/// The same without a cold part; it calls itself before it returns: the assembler fills
/// the distance in.
Bytes calling_itself(std::size_t padding, std::size_t to = 0) {
  Bytes code = looping(padding);
  code.pop_back();
  const auto back = static_cast<std::uint8_t>(to - (code.size() + 5));
  code.insert(code.end(), {0xe8, back, 0xff, 0xff, 0xff, 0xc3});
  return code;
}

Verdict match_recursion(const Bytes& shipped) {
  Unit image(Unit::Form::kJoined);
  image.function("other", kReturn);
  image.function("show", shipped);
  Unit unit(Unit::Form::kSplit);
  unit.function("show", calling_itself(kLongPadding));
  return verdict(match_unit(unit.object(), image.image()), "show");
}

TEST(LoopPadding, MayLieBeforeACallOfTheFunctionItself) {
  EXPECT_EQ(match_recursion(calling_itself(kShortPadding)), Verdict::kMoved);
  EXPECT_EQ(match_recursion(calling_itself(kShortPadding, 2)), Verdict::kDifferent);
}

TEST(Match, MissesWhatTheImageDoesNotHave) {
  Unit image(Unit::Form::kJoined);
  image.function("other", kReturn);
  Unit unit(Unit::Form::kSplit);
  unit.function("show", kReturn);
  EXPECT_EQ(verdict(match_unit(unit.object(), image.image()), "show"), Verdict::kMissing);
}

} // namespace
} // namespace kpatch::match
