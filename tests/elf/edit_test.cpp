// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "elf/edit.h"

#include <gtest/gtest.h>

namespace kpatch::elf {
namespace {

/// .text (function f, refers to g), .data (object d), .note (unreferenced)
Object three_sections() {
  Object object;
  const SectionId text = object.add_section({.name = ".text"});
  const SectionId data = object.add_section({.name = ".data"});
  const SectionId note = object.add_section({.name = ".note"});
  object.add_symbol({.name = ".note", .type = STT_SECTION, .section = note});
  object.add_symbol({.name = "d", .section = data});
  object.add_symbol({.name = "f", .binding = STB_GLOBAL, .section = text});
  const SymbolId g = object.add_symbol({.name = "g", .binding = STB_GLOBAL});
  object.sections[text].has_relocations = true;
  object.sections[text].relocations.push_back({.offset = 4, .symbol = g});
  return object;
}

auto named(std::string name) {
  return [name](const Section& section) { return section.name == name; };
}

TEST(RemoveSections, RenumbersWhatStays) {
  Object object = three_sections();
  remove_sections(object, named(".data"));

  ASSERT_EQ(object.sections.size(), 3u);
  EXPECT_EQ(object.find_section(".note"), 2u);
  ASSERT_EQ(object.symbols.size(), 4u);
  EXPECT_EQ(object.find_symbol("d"), kNoSymbol);
  EXPECT_EQ(object.symbols[object.find_symbol(".note")].section, 2u);
  EXPECT_EQ(object.symbols[object.find_symbol("f")].section, 1u);
  EXPECT_EQ(object.sections[1].relocations[0].symbol, object.find_symbol("g"));
}

TEST(RemoveSections, TakesSectionSymbolsAlong) {
  Object object = three_sections();
  remove_sections(object, named(".note"));
  EXPECT_EQ(object.find_symbol(".note"), kNoSymbol);
  EXPECT_EQ(object.symbols[object.find_symbol("d")].section, 2u);
}

TEST(RemoveSections, RefusesToOrphanARelocation) {
  Object object = three_sections();
  object.sections[1].relocations.push_back({.symbol = object.find_symbol("d")});
  EXPECT_THROW(remove_sections(object, named(".data")), Error);
}

TEST(RemoveSections, RemovesSectionsThatReferToEachOtherTogether) {
  Object object = three_sections();
  object.sections[1].relocations.push_back({.symbol = object.find_symbol("d")});
  object.sections[3].relocations.push_back({.symbol = object.find_symbol("f")});
  remove_sections(object, [](const Section&) { return true; });
  EXPECT_EQ(object.sections.size(), 1u);
  EXPECT_EQ(object.symbols.size(), 2u); // the null symbol and the undefined g
}

TEST(RemoveSections, RefusesToOrphanALink) {
  Object object = three_sections();
  object.sections[1].link = 2;
  EXPECT_THROW(remove_sections(object, named(".data")), Error);
}

TEST(RemoveSections, FollowsLinksGroupsAndLivepatchTables) {
  Object object = three_sections();
  object.sections[1].link = 3;
  object.add_section({.name = ".group",
                      .type = SHT_GROUP,
                      .group_members = {2, 3},
                      .group_signature = object.find_symbol("f")});
  object.livepatch.push_back({".klp.rela.vmlinux..data", 2, {}});
  object.livepatch.push_back({".klp.rela.vmlinux..note", 3, {}});
  remove_sections(object, named(".data"));

  EXPECT_EQ(object.sections[1].link, 2u);
  EXPECT_EQ(object.sections[3].group_members, std::vector<SectionId>{2});
  EXPECT_EQ(object.sections[3].group_signature, object.find_symbol("f"));
  ASSERT_EQ(object.livepatch.size(), 1u);
  EXPECT_EQ(object.livepatch[0].target, 2u);
}

TEST(RemoveSections, DropsAnEmptiedGroup) {
  Object object = three_sections();
  object.add_section({.name = ".group",
                      .type = SHT_GROUP,
                      .group_members = {2},
                      .group_signature = object.find_symbol("d")});
  remove_sections(object, named(".data"));
  EXPECT_EQ(object.find_section(".group"), kNoSection);
}

TEST(RemoveSymbols, RenumbersRelocations) {
  Object object = three_sections();
  const SymbolId d = object.find_symbol("d");
  remove_symbols(object, [&](SymbolId id) { return id == d; });
  EXPECT_EQ(object.find_symbol("d"), kNoSymbol);
  EXPECT_EQ(object.sections[1].relocations[0].symbol, object.find_symbol("g"));
}

TEST(RemoveSymbols, RefusesASymbolInUse) {
  Object object = three_sections();
  const SymbolId g = object.find_symbol("g");
  EXPECT_THROW(remove_symbols(object, [&](SymbolId id) { return id == g; }), Error);
}

} // namespace
} // namespace kpatch::elf
