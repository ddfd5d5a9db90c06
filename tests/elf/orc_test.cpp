// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "elf/orc.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::elf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::uint64_t kEntrySize = 2;

/// Two functions in one section, at 0 and at 16, and three entries of two bytes.
struct TwoFunctions {
  Object object;
  SectionId text, entries, places;
  SymbolId first, second;

  TwoFunctions() {
    text = object.add_section({.name = ".text", .data = Bytes(32)});
    entries = object.add_section(
        {.name = std::string(kOrcEntries), .data = {1, 1, 2, 2, 3, 3}});
    places = object.add_section({.name = std::string(kOrcPlaces),
                                 .data = Bytes(3 * kOrcPlaceSize),
                                 .has_relocations = true});
    first = object.add_symbol({.name = "first", .type = STT_FUNC, .section = text});
    second = object.add_symbol(
        {.name = "second", .type = STT_FUNC, .section = text, .value = 16});
    object.sections[places].relocations = {
        {0, 2, first, 0}, {4, 2, first, 4}, {8, 2, second, 0}};
  }

  OrcTable read() const { return OrcTable::read(object, kEntrySize, "a.o").value(); }
};

std::vector<std::uint8_t> bytes(std::span<const std::uint8_t> entry) {
  return {entry.begin(), entry.end()};
}

TEST(OrcTable, FindsTheEntryInForceByPlaceNotByOrder) {
  TwoFunctions unit;
  std::swap(unit.object.sections[unit.places].relocations[0].symbol,
            unit.object.sections[unit.places].relocations[2].symbol);
  const OrcTable table = unit.read();
  EXPECT_EQ(table.find(unit.object, unit.text, 3), 2U);
  EXPECT_EQ(table.find(unit.object, unit.text, 4), 1U);
  EXPECT_EQ(table.find(unit.object, unit.text, 15), 1U);
  EXPECT_EQ(table.find(unit.object, unit.text, 20), 0U);
  EXPECT_EQ(table.find(unit.object, unit.entries, 20), std::nullopt);
}

TEST(OrcTable, KeepsDropsAndRepeatsInBothTables) {
  TwoFunctions unit;
  OrcTable table = unit.read();
  table.keep([&](const Relocation& place) { return place.addend == 0; });
  table.repeat(unit.object, 1, unit.first, 12);
  table.write(unit.object);
  EXPECT_THAT(unit.object.sections[unit.entries].data, ElementsAre(1, 1, 3, 3, 3, 3));
  EXPECT_THAT(unit.object.sections[unit.places].relocations,
              ElementsAre(Relocation{0, 2, unit.first, 0},
                          Relocation{4, 2, unit.first, 12},
                          Relocation{8, 2, unit.second, 0}));
  EXPECT_EQ(unit.object.sections[unit.places].size(), 3 * kOrcPlaceSize);
  EXPECT_THAT(bytes(unit.read().entry(2)), ElementsAre(3, 3));
}

TEST(OrcTable, IsAbsentWhereTheObjectHasNone) {
  EXPECT_FALSE(OrcTable::read(Object(), kEntrySize, "a.o"));
}

TEST(OrcTable, RefusesTablesThatDoNotBelongTogether) {
  TwoFunctions unit;
  EXPECT_THAT([&] { (void)OrcTable::read(unit.object, 4, "a.o"); },
              ThrowsMessage<Error>(HasSubstr("a.o: bad .orc_unwind size")));
  unit.object.sections[unit.places].relocations.pop_back();
  EXPECT_THAT([&] { (void)unit.read(); },
              ThrowsMessage<Error>(HasSubstr("size mismatch")));
  unit.object.sections[unit.entries].type = SHT_NOBITS;
  EXPECT_THAT([&] { (void)unit.read(); },
              ThrowsMessage<Error>(HasSubstr("has no contents in the file")));
}

} // namespace
} // namespace kpatch::elf
