// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects that are well-formed and yet no compiler made them.
#include "base/error.h"
#include "diff/object_builder.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using testing::Diffing;
using ::testing::HasSubstr;
using testing::ObjectBuilder;

ObjectBuilder unit(std::uint8_t code) {
  ObjectBuilder unit;
  unit.function("f", {code, 0xc3});
  return unit;
}

std::string complaint(Diffing& diffing, ObjectBuilder& original, ObjectBuilder& patched) {
  try {
    diffing.run(original.build(), patched.build());
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

/// A special section that says how long it is and has nothing in it.
elf::SectionId add_empty(ObjectBuilder& unit, const std::string& name,
                         std::uint64_t size) {
  const elf::SectionId id = unit.section(
      {.name = name, .type = SHT_NOBITS, .flags = SHF_ALLOC, .nobits_size = size});
  unit.relocate(id, {0, R_X86_64_PC32, unit.symbol("f"), 0});
  return id;
}

TEST(HostileDiff, ASpecialSectionWithoutContentsIsRefused) {
  Diffing diffing;
  diffing.sizes["bug_entry"] = 12;
  ObjectBuilder original = unit(0x90);
  ObjectBuilder patched = unit(0x91);
  for (ObjectBuilder* side : {&original, &patched})
    add_empty(*side, "__bug_table", std::uint64_t{1} << 50);
  EXPECT_EQ(complaint(diffing, original, patched),
            "unit.o: section __bug_table: has no contents in the file");
}

TEST(HostileDiff, UnwindTablesWithoutContentsAreRefused) {
  Diffing diffing;
  diffing.sizes["orc_entry"] = 6;
  ObjectBuilder original = unit(0x90);
  ObjectBuilder patched = unit(0x91);
  for (ObjectBuilder* side : {&original, &patched}) {
    add_empty(*side, ".orc_unwind", 6);
    add_empty(*side, ".orc_unwind_ip", 4);
  }
  EXPECT_THAT(complaint(diffing, original, patched), HasSubstr("no contents"));
}

TEST(HostileDiff, AChangedInitFunctionMayClaimMoreThanItsSection) {
  Diffing diffing;
  ObjectBuilder original = unit(0x90);
  ObjectBuilder patched = unit(0x91);
  for (ObjectBuilder* side : {&original, &patched}) {
    const std::uint8_t code = side == &original ? 1 : 2;
    const elf::SectionId init =
        side->section({.name = ".init.text", .data = Bytes(8, code)});
    const elf::SymbolId start = side->define("start", STT_FUNC, init, ~std::uint64_t{0});
    side->object().symbols[start].value = 4;
  }
  const Result result = diffing.run(original.build(), patched.build());
  EXPECT_EQ(testing::codes(result), std::vector<std::string>{"KP2011"});
}

TEST(HostileDiff, CodeWithoutContentsIsNoLineThatMoved) {
  Diffing diffing;
  const auto make = [](std::uint64_t size) {
    ObjectBuilder unit;
    const elf::SectionId text = unit.section({.name = ".text.f",
                                              .type = SHT_NOBITS,
                                              .flags = SHF_ALLOC | SHF_EXECINSTR,
                                              .nobits_size = size});
    unit.define("f", STT_FUNC, text, size, STB_GLOBAL);
    unit.relocate(text, {0, R_X86_64_PLT32, unit.symbol("__warn_printk"), -4});
    return unit;
  };
  ObjectBuilder original = make(8);
  ObjectBuilder patched = make(16);
  const Result result = diffing.run(original.build(), patched.build());
  EXPECT_EQ(testing::codes(result), std::vector<std::string>{"KP2001"});
}

TEST(HostileDiff, ATraceSiteThatDoesNotExistIsRefusedByName) {
  for (const std::uint64_t offset : {0, 1}) {
    ObjectBuilder unit;
    unit.plain_function("f", {0x90, 0x90, 0x90, 0x90, 0x90, 0xc3});
    if (offset == 0)
      unit.add_relocation("f", 0, R_X86_64_PLT32, unit.symbol("__fentry__"), -4);
    const elf::Object& object = unit.object();
    const elf::Symbol& f = object.symbols[object.find_symbol("f")];
    try {
      arch::arch_for(object).mcount_site({object, f, object.sections[f.section]});
      FAIL() << "found";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("unit.o: f: no mcount call site"));
    }
  }
}

TEST(HostileDiff, ColdPartsOfColdPartsDoNotGoRound) {
  Diffing diffing;
  ObjectBuilder original = unit(0x90);
  ObjectBuilder patched = unit(0x91);
  for (ObjectBuilder* side : {&original, &patched}) {
    std::string name = "f";
    for (int depth = 0; depth < 200; ++depth)
      side->plain_function(name += ".cold", {0x90}, STB_LOCAL);
  }
  EXPECT_EQ(diffing.run(original.build(), patched.build()).exit, Exit::kSuccess);
}

} // namespace
} // namespace kpatch::diff
