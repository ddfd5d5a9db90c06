// SPDX-License-Identifier: GPL-2.0-or-later
//
// Processors whose instructions hold less than an address.
#include "match/unit.h"

#include <gtest/gtest.h>

namespace kpatch::match {
namespace {

// adrp x0, .; ldr w0, [x0]; adrp x1, .; add x1, x1, #0; ret
const Bytes kTwoLoads = {0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x40, 0xb9, 0x01, 0x00,
                         0x00, 0x90, 0x21, 0x00, 0x00, 0x91, 0xc0, 0x03, 0x5f, 0xd6};
constexpr std::uint64_t kFirstPage = 0, kFirstLow = 4, kSecondPage = 8, kSecondLow = 12;

void refer_to(Unit& unit, elf::SymbolId from, elf::SymbolId first, elf::SymbolId second) {
  unit.refer(from, kFirstPage, R_AARCH64_ADR_PREL_PG_HI21, first, 0);
  unit.refer(from, kFirstLow, R_AARCH64_LDST32_ABS_LO12_NC, first, 0);
  unit.refer(from, kSecondPage, R_AARCH64_ADR_PREL_PG_HI21, second, 0);
  unit.refer(from, kSecondLow, R_AARCH64_ADD_ABS_LO12_NC, second, 0);
}

struct Kernel {
  Unit unit{Unit::Form::kJoined, EM_AARCH64};
  elf::SymbolId other = unit.variable("count", Bytes(0x2000)); // another unit's
  elf::SymbolId count = unit.variable("count", Bytes(4));
  elf::SymbolId limit = unit.variable("limit", Bytes(4));
  elf::SymbolId show = unit.function("show", kTwoLoads);
};

UnitMatch match_show(const Kernel& kernel, const Bytes& code = kTwoLoads) {
  Unit unit(Unit::Form::kSplit, EM_AARCH64);
  const auto count = unit.variable("count", Bytes(4));
  const auto limit = unit.variable("limit", Bytes(4));
  refer_to(unit, unit.function("show", code), count, limit);
  return match_unit(unit.object(), kernel.unit.image());
}

TEST(Halves, AddUpToAnAddress) {
  Kernel kernel;
  refer_to(kernel.unit, kernel.show, kernel.count, kernel.limit);
  const UnitMatch match = match_show(kernel);
  EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
  EXPECT_TRUE(match.wrong.empty());
  EXPECT_EQ(match.references, 4U);
  EXPECT_EQ(match.located.at("count").position, 2U);
  EXPECT_EQ(match.located.at("limit").position, 1U);
}

// Where gcc has section anchors it refers to one variable by way of another.
TEST(Halves, ReachTheNeighboursOfAVariable) {
  const auto put = [](Unit& unit, bool with_other) {
    if (with_other)
      unit.variable("hits", Bytes(4));
    const auto count = unit.variable("count", Bytes(4));
    unit.variable("hits", Bytes(4));
    refer_to(unit, unit.function("show", kTwoLoads), count, count);
  };
  Unit kernel(Unit::Form::kJoined, EM_AARCH64);
  put(kernel, true);
  Unit unit(Unit::Form::kJoined, EM_AARCH64);
  put(unit, false);
  const UnitMatch match = match_unit(unit.object(), kernel.image());
  EXPECT_EQ(match.located.at("hits").position, 2U);
  Unit apart(Unit::Form::kSplit, EM_AARCH64);
  put(apart, false);
  EXPECT_FALSE(match_unit(apart.object(), kernel.image()).located.contains("hits"));
}

TEST(Halves, OfSomethingElseAreAWrongReference) {
  Kernel kernel;
  refer_to(kernel.unit, kernel.show, kernel.limit, kernel.count);
  const UnitMatch match = match_show(kernel);
  EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
  EXPECT_EQ(match.wrong.size(), 4U);
}

TEST(Halves, LeaveTheRestOfAnInstructionToBeCompared) {
  Kernel kernel;
  refer_to(kernel.unit, kernel.show, kernel.count, kernel.limit);
  Bytes code = kTwoLoads;
  code[kFirstPage] = 5; // adrp x5: its register lies beside the open bits
  EXPECT_EQ(verdict(match_show(kernel, code), "show"), Verdict::kDifferent);
  code = kTwoLoads;
  code[kSecondLow + 3] = 0x11; // add w1, w1, #0
  const UnitMatch match = match_show(kernel, code);
  EXPECT_EQ(verdict(match, "show"), Verdict::kDifferent);
  EXPECT_EQ(match.find("show")->offset, kSecondLow);
}

// lgrl %r2,slot; larl %r3,slot; br %r14
const Bytes kBySlot = {0xc4, 0x28, 0, 0, 0, 0, 0xc0, 0x30, 0, 0, 0, 0, 0x07, 0xfe};
constexpr std::uint64_t kLoadField = 2, kSlotField = 8;

void refer_by_slot(Unit& unit, elf::SymbolId from, elf::SymbolId loaded,
                   elf::SymbolId kept, std::uint32_t load_type = R_390_GOTENT) {
  unit.refer(from, kLoadField, load_type, loaded, 2);
  unit.refer(from, kSlotField, R_390_GOTENT, kept, 2);
}

UnitMatch match_by_slot(const Unit& kernel) {
  Unit unit(Unit::Form::kSplit, EM_S390);
  const auto show = unit.function("show", kBySlot);
  refer_by_slot(unit, show, unit.undefined("count"), unit.undefined("limit"));
  return match_unit(unit.object(), kernel.image());
}

TEST(Slots, HoldTheAddressThatIsMeant) {
  for (const bool is_right : {true, false}) {
    Unit kernel(Unit::Form::kJoined, EM_S390);
    const auto count = kernel.variable("count", Bytes(8));
    const auto limit = kernel.variable("limit", Bytes(8));
    const auto show = kernel.function("show", kBySlot);
    refer_by_slot(kernel, show, is_right ? count : limit, is_right ? limit : count);
    const UnitMatch match = match_by_slot(kernel);
    EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
    EXPECT_EQ(match.wrong.empty(), is_right);
    EXPECT_EQ(match.references, 2U);
  }
}

TEST(Slots, AreGoneWhereTheLinkerKnewTheAddress) {
  for (const bool is_right : {true, false}) {
    Unit kernel(Unit::Form::kJoined, EM_S390);
    const auto count = kernel.variable("count", Bytes(8));
    const auto limit = kernel.variable("limit", Bytes(8));
    Bytes linked = kBySlot;
    linked[0] = 0xc0; // larl %r2
    linked[1] = 0x20;
    const auto show = kernel.function("show", linked);
    refer_by_slot(kernel, show, is_right ? count : limit, limit, R_390_PC32DBL);
    const UnitMatch match = match_by_slot(kernel);
    EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
    EXPECT_EQ(match.wrong.empty(), is_right);
  }
}

TEST(Slots, DoNotHideAnotherInstruction) {
  Unit kernel(Unit::Form::kJoined, EM_S390);
  const auto count = kernel.variable("count", Bytes(8));
  Bytes other = kBySlot;
  other[1] = 0x38; // lgrl %r3
  refer_by_slot(kernel, kernel.function("show", other), count, count);
  EXPECT_EQ(verdict(match_by_slot(kernel), "show"), Verdict::kDifferent);
}

// addis r9,r2,0; ld r9,0(r9); blr
const Bytes kByToc = {0, 0, 0x22, 0x3d, 0, 0, 0x29, 0xe9, 0x20, 0, 0x80, 0x4e};
// addis r9,r2,0; addi r9,r9,0; blr
const Bytes kWithoutSlot = {0, 0, 0x22, 0x3d, 0, 0, 0x29, 0x39, 0x20, 0, 0x80, 0x4e};
constexpr std::uint64_t kHighHalf = 0, kLowHalf = 4;

void refer_by_toc(Unit& unit, elf::SymbolId from, elf::SymbolId to,
                  std::uint32_t low = R_PPC64_TOC16_LO_DS) {
  unit.refer(from, kHighHalf, R_PPC64_TOC16_HA, to, 0);
  unit.refer(from, kLowHalf, low, to, 0);
}

/// A unit that reads the address of count from a slot of its own.
Unit unit_with_slot() {
  Unit unit(Unit::Form::kSplit, EM_PPC64);
  const auto show = unit.function("show", kByToc);
  const auto count = unit.undefined("count");
  elf::Object& object = unit.object();
  const auto slots = object.add_section({.name = ".toc",
                                         .flags = SHF_ALLOC | SHF_WRITE,
                                         .data = Bytes(8),
                                         .has_relocations = true});
  object.sections[slots].relocations.push_back({0, R_PPC64_ADDR64, count, 0});
  refer_by_toc(unit, show, object.section_symbol(slots));
  return unit;
}

struct TocKernel {
  Unit unit{Unit::Form::kJoined, EM_PPC64};
  elf::SymbolId toc = unit.undefined(".TOC.");
  elf::SymbolId count = unit.variable("count", Bytes(8));
  elf::SymbolId limit = unit.variable("limit", Bytes(8));
};

TEST(TocHalves, AddUpToAnAddress) {
  for (const bool is_right : {true, false}) {
    TocKernel kernel;
    refer_by_toc(kernel.unit, kernel.unit.function("show", kByToc),
                 is_right ? kernel.count : kernel.limit);
    Unit unit(Unit::Form::kSplit, EM_PPC64);
    const auto show = unit.function("show", kByToc);
    refer_by_toc(unit, show, unit.undefined("count"));
    const UnitMatch match = match_unit(unit.object(), kernel.unit.image());
    EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
    EXPECT_EQ(match.references, 2U);
    EXPECT_EQ(match.wrong.empty(), is_right);
  }
}

TEST(TocHalves, MayHaveLostTheirSlot) {
  for (const bool is_right : {true, false}) {
    TocKernel kernel;
    refer_by_toc(kernel.unit, kernel.unit.function("show", kWithoutSlot),
                 is_right ? kernel.count : kernel.limit, R_PPC64_TOC16_LO);
    const UnitMatch match = match_unit(unit_with_slot().object(), kernel.unit.image());
    EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
    EXPECT_EQ(match.references, 2U);
    EXPECT_EQ(match.wrong.empty(), is_right);
  }
}

TEST(TocHalves, MayKeepTheirSlot) {
  for (const bool is_right : {true, false}) {
    TocKernel kernel;
    const auto slot = kernel.unit.variable("slot", Bytes(8));
    kernel.unit.refer(slot, 0, R_PPC64_ADDR64, is_right ? kernel.count : kernel.limit, 0);
    refer_by_toc(kernel.unit, kernel.unit.function("show", kByToc), slot);
    const UnitMatch match = match_unit(unit_with_slot().object(), kernel.unit.image());
    EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
    EXPECT_EQ(match.wrong.empty(), is_right);
  }
}

// count lies within 32 KiB of the TOC pointer, so all of the distance is in one half.
TEST(TocHalves, MayBeOne) {
  const auto match_near = [](Bytes linked) {
    TocKernel kernel;
    kernel.unit.object().symbols[kernel.toc].section =
        kernel.unit.object().symbols[kernel.count].section;
    refer_by_toc(kernel.unit, kernel.unit.function("show", linked), kernel.count,
                 R_PPC64_TOC16_LO);
    kernel.unit.object()
        .sections[kernel.unit.object().find_section(".text")]
        .relocations.erase(kernel.unit.object()
                               .sections[kernel.unit.object().find_section(".text")]
                               .relocations.begin());
    return match_unit(unit_with_slot().object(), kernel.unit.image());
  };
  // nop; addi r9,r2,0; blr
  const UnitMatch match =
      match_near({0, 0, 0, 0x60, 0, 0, 0x22, 0x39, 0x20, 0, 0x80, 0x4e});
  EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
  EXPECT_TRUE(match.wrong.empty());
  EXPECT_EQ(match.references, 2U);
  // nop; addi r9,r9,0: the register is not the TOC pointer
  EXPECT_EQ(
      verdict(match_near({0, 0, 0, 0x60, 0, 0, 0x29, 0x39, 0x20, 0, 0x80, 0x4e}), "show"),
      Verdict::kDifferent);
}

// addis r2,r12,0; addi r2,r2,0; blr, and a call of it
const Bytes kFindsToc = {0, 0, 0x4c, 0x3c, 0, 0, 0x42, 0x38, 0x20, 0, 0x80, 0x4e};
const Bytes kCall = {1, 0, 0, 0x48, 0x20, 0, 0x80, 0x4e};

TEST(LocalEntry, IsWhereCallsWithinTheImageComeIn) {
  for (const std::int64_t behind : {0, 8, 4}) {
    Unit kernel(Unit::Form::kJoined, EM_PPC64);
    const auto callee = kernel.function("callee", kFindsToc, STB_GLOBAL);
    kernel.refer(kernel.function("show", kCall), 0, R_PPC64_REL24, callee, behind);
    Unit unit(Unit::Form::kSplit, EM_PPC64);
    const auto show = unit.function("show", kCall);
    unit.refer(show, 0, R_PPC64_REL24, unit.undefined("callee"), 0);
    const UnitMatch match = match_unit(unit.object(), kernel.image());
    EXPECT_EQ(verdict(match, "show"), Verdict::kEqual);
    EXPECT_EQ(match.wrong.empty(), behind != 4);
  }
}

} // namespace
} // namespace kpatch::match
