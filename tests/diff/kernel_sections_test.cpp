// SPDX-License-Identifier: GPL-2.0-or-later
// Sections and symbols that hardened and newer kernels put into their objects.
#include "base/error.h"
#include "diff/lookup.h"
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;

/// f and g; the body of f varies.
ObjectBuilder unit(std::uint8_t filler) {
  ObjectBuilder builder;
  builder.function("f", {filler, kNop, kNop, kRet});
  builder.function("g", {kNop, kRet});
  return builder;
}

/// With a section that has an entry for a place in g and one for a place in f.
elf::Object with_sites(const std::string& section, std::uint8_t filler,
                       std::int64_t place = 6) {
  ObjectBuilder builder = unit(filler);
  const elf::SectionId sites =
      builder.section({.name = section, .flags = SHF_ALLOC, .data = Bytes(8)});
  builder.relocate(sites, {0, R_X86_64_PC32, builder.symbol("g"), place});
  builder.relocate(sites, {4, R_X86_64_PC32, builder.symbol("f"), place});
  return builder.build();
}

class PlaceSections : public ::testing::TestWithParam<const char*> {};

TEST_P(PlaceSections, KeepTheEntriesOfThePatch) {
  const std::string name = GetParam();
  const Result result = Diffing().run(with_sites(name, kNop), with_sites(name, 0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  const elf::Object& object = result.delta->object;
  const elf::Section& sites = object.sections[object.find_section(name)];
  ASSERT_EQ(sites.relocations.size(), 1U);
  EXPECT_EQ(sites.size(), 4U);
  EXPECT_EQ(sites.relocations[0].offset, 0U);
  EXPECT_EQ(object.symbols[sites.relocations[0].symbol].name, "f");
}

TEST_P(PlaceSections, OfAnUnchangedUnitAreNoChange) {
  const elf::Object object = with_sites(GetParam(), kNop);
  EXPECT_EQ(Diffing().run(object, object).exit, Exit::kNoChange);
}

INSTANTIATE_TEST_SUITE_P(X86, PlaceSections,
                         ::testing::Values(".smp_locks", ".call_sites",
                                           ".retpoline_sites", ".return_sites",
                                           ".ibt_endbr_seal", ".cfi_sites",
                                           ".kcfi_traps"));

/// clang writes one .kcfi_traps for each code section and links it to that.
elf::Object with_linked_traps(std::uint8_t filler, bool is_reversed) {
  ObjectBuilder builder = unit(filler);
  for (const char* name : {is_reversed ? "g" : "f", is_reversed ? "f" : "g"}) {
    const elf::SymbolId function = builder.symbol(name);
    const elf::SectionId traps =
        builder.section({.name = ".kcfi_traps",
                         .flags = SHF_ALLOC | SHF_LINK_ORDER,
                         .data = Bytes(4),
                         .link = builder.object().symbols[function].section});
    builder.relocate(traps, {0, R_X86_64_PC32, function, 5});
  }
  return builder.build();
}

TEST(KcfiTraps, FollowTheSectionTheyAreLinkedTo) {
  const Result result =
      Diffing().run(with_linked_traps(kNop, false), with_linked_traps(0xcc, true));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  const elf::Object& object = result.delta->object;
  std::vector<std::string> linked;
  for (const elf::Section& section : object.sections)
    if (section.name == ".kcfi_traps")
      linked.push_back(object.sections[section.link].name);
  EXPECT_EQ(linked, std::vector<std::string>{".text.f"});
}

TEST(RuntimeConstants, RefuseTheFunctionThatHasOne) {
  const std::string name = "runtime_ptr_dentry_hashtable";
  const Result result = Diffing().run(with_sites(name, kNop), with_sites(name, 0xcc));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kImageOnly});
  EXPECT_EQ(result.problems[0].symbol, "f");
  EXPECT_NE(result.problems[0].message.find(name), std::string::npos);
}

TEST(RuntimeConstants, OfOtherFunctionsStayBehind) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = unit(filler);
    const elf::SectionId sites = builder.section(
        {.name = "runtime_shift_d_hash_shift", .flags = SHF_ALLOC, .data = Bytes(4)});
    builder.relocate(sites, {0, R_X86_64_PC32, builder.symbol("g"), 6});
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop), make(0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_FALSE(result.delta->object.find_section("runtime_shift_d_hash_shift"));
}

TEST(UnknownSections, AreRefusedByNameWhereTheyDescribeThePatch) {
  const Result result =
      Diffing().run(with_sites(".brand_new", kNop), with_sites(".brand_new", 0xcc));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kUnknownSection});
  EXPECT_NE(result.problems[0].message.find(".brand_new"), std::string::npos);
}

TEST(UnknownSections, MayPointToTheEntryOfAFunction) {
  const Result result = Diffing().run(with_sites("_kprobe_blacklist", kNop, 0),
                                      with_sites("_kprobe_blacklist", 0xcc, 0));
  EXPECT_EQ(result.exit, Exit::kSuccess);
}

TEST(PrintkIndex, IsLeftOutWithoutBeingAskedFor) {
  const auto make = [](std::uint8_t filler, std::uint64_t count) {
    ObjectBuilder builder = unit(filler);
    const elf::SymbolId entry = builder.variable("_entry.1", Bytes(8));
    const elf::SectionId index = builder.section(
        {.name = ".printk_index", .flags = SHF_ALLOC, .data = Bytes(8 * count)});
    for (std::uint64_t i = 0; i < count; ++i)
      builder.relocate(index, {8 * i, R_X86_64_64, entry, 0});
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop, 1), make(0xcc, 2));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_FALSE(result.delta->object.find_section(".printk_index"));
}

TEST(Sframe, IsMadeAnewSoADifferenceIsNone) {
  const auto make = [](std::uint8_t byte) {
    ObjectBuilder builder = unit(kNop);
    builder.section({.name = ".sframe", .flags = SHF_ALLOC, .data = {byte}});
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(1), make(2)).exit, Exit::kNoChange);
}

TEST(OnceFlags, InTheirOwnSectionMayTravel) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = unit(filler);
    const elf::SectionId once = builder.section(
        {.name = ".data..once", .flags = SHF_ALLOC | SHF_WRITE, .data = {0}});
    builder.add_relocation("f", 6, R_X86_64_PC32,
                           builder.define("__already_done.4", STT_OBJECT, once, 1), -4);
    return builder.build();
  };
  EXPECT_EQ(Diffing().run(make(kNop), make(0xcc)).exit, Exit::kSuccess);
}

/// Objects of 6.5 and later: one .export_symbol for all exports of the unit.
elf::Object exporting(std::vector<std::string> names, std::uint8_t filler) {
  ObjectBuilder builder = unit(filler);
  const elf::SectionId exports = builder.section(
      {.name = ".export_symbol", .flags = SHF_ALLOC, .data = Bytes(16 * names.size())});
  for (std::size_t i = 0; i < names.size(); ++i) {
    builder.relocate(exports, {16 * i + 8, R_X86_64_64, builder.symbol(names[i]), 0});
    const elf::SymbolId entry =
        builder.define("__export_symbol_" + names[i], STT_NOTYPE, exports, 0);
    builder.object().symbols[entry].value = 16 * i;
  }
  return builder.build();
}

TEST(ExportSymbolSection, ANewExportIsLeftOutWithANotice) {
  const Result result =
      Diffing().run(exporting({"f"}, kNop), exporting({"f", "g"}, 0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result,
                   "NOTICE: the new export of g is left out: a live patch cannot add to "
                   "the kernel's exports"));
  EXPECT_FALSE(result.delta->object.find_section(".export_symbol"));
}

constexpr std::uint64_t kPadding = 16;

/// f behind padding that a symbol may name, with ENDBR and the NOP that objtool leaves.
ObjectBuilder padded(const std::string& prefix, std::uint8_t filler) {
  ObjectBuilder builder = unit(kNop);
  Bytes code(kPadding, kNop);
  const Bytes entry = {0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x1f, 0x44, 0, 0, filler, kRet};
  code.insert(code.end(), entry.begin(), entry.end());
  const elf::SymbolId f = builder.symbol("f");
  const elf::SectionId home = builder.object().symbols[f].section;
  builder.object().sections[home].data = code;
  builder.object().symbols[f].value = kPadding;
  builder.object().symbols[f].size = entry.size();
  builder.object().sections[home].relocations = {
      {kPadding + 5, R_X86_64_NONE, builder.symbol("__fentry__"), -4}};
  if (!prefix.empty())
    builder.define(prefix + "f", STT_FUNC, home, kPadding);
  return builder;
}

class Padding : public ::testing::TestWithParam<const char*> {};

TEST_P(Padding, BelongsToTheFunction) {
  const Result result =
      Diffing().run(padded(GetParam(), kNop).build(), padded(GetParam(), 0xcc).build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result, "changed function: f"));
  const elf::Object& object = result.delta->object;
  EXPECT_EQ(object.symbols[object.find_symbol("f")].value, kPadding);
}

INSTANTIATE_TEST_SUITE_P(X86, Padding, ::testing::Values("", "__pfx_", "__cfi_"));

/// gcc 14 moves a function that always calls a cold one to .text.unlikely.
TEST_P(Padding, GoesWithAFunctionThatBecomesCold) {
  if (std::string_view(GetParam()).empty())
    return;
  ObjectBuilder cold = padded(GetParam(), 0xcc);
  cold.object().sections[cold.object().symbols[cold.symbol("f")].section].name =
      ".text.unlikely.f";
  const Result result = Diffing().run(padded(GetParam(), kNop).build(), cold.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  ASSERT_TRUE(result.delta);
  const elf::Object& object = result.delta->object;
  for (const elf::SymbolId id : {object.find_symbol(GetParam() + std::string("f"))})
    EXPECT_NE(result.delta->symbols[id].status, Status::kChanged);
  EXPECT_EQ(result.delta->symbols[object.find_symbol("f")].status, Status::kChanged);
}

TEST(Padding, MayFollowTheTypeHashOfKcfi) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = padded("__cfi_", filler);
    builder.object().symbols[builder.symbol("__cfi_f")].size = 5;
    const Bytes hash = {0xb8, 3, 0x5f, 0x17, 0xc6}; // mov $hash, %eax
    std::ranges::copy(hash,
                      builder.object()
                          .sections[builder.object().symbols[builder.symbol("f")].section]
                          .data.begin());
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop), make(0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(result.delta->object.find_symbol("__cfi_f"));
}

TEST(Padding, OfAnythingButNopsNeedsASymbol) {
  ObjectBuilder builder = padded("", kNop);
  builder.object()
      .sections[builder.object().symbols[builder.symbol("f")].section]
      .data[3] = kRet;
  EXPECT_THROW(Diffing().run(builder.build(), builder.build()), Error);
}

TEST(Ftrace, TheCallIsPutWhereTheNopIs) {
  ObjectBuilder builder = padded("", kNop);
  elf::Object object = builder.build();
  elf::Section& section = object.sections[object.find_section(".text.f")];
  arch::arch_for(object).make_traceable(section);
  EXPECT_EQ(section.data[kPadding + 4], 0xe8);
  EXPECT_EQ(section.data[0], kNop);
  EXPECT_EQ(section.relocations[0].type, static_cast<std::uint32_t>(R_X86_64_PC32));
}

TEST(ThinLto, TheHashOfAPromotedFunctionMeansNothing) {
  const auto make = [](const std::string& name, std::uint8_t filler) {
    ObjectBuilder builder = unit(kNop);
    builder.function(name, {filler, kRet}, STB_GLOBAL);
    return builder.build();
  };
  const Result result = Diffing().run(make("helper.llvm.12345678901", kNop),
                                      make("helper.llvm.98765432109", 0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_EQ(lines(result),
            std::vector<std::string>{"changed function: helper.llvm.12345678901"});
}

/// f with a cold part; the way back is to `back`.
ObjectBuilder with_cold_part(std::uint8_t filler, std::int64_t back) {
  ObjectBuilder builder;
  builder.function("f", {filler, 0xe9, 0, 0, 0, 0, kNop, kRet});
  const elf::SymbolId cold = builder.plain_function(
      "f.cold", {0x0f, 0x0b, 0xe9, 0, 0, 0, 0}, STB_LOCAL, ".text.unlikely.");
  builder.add_relocation("f", 7, R_X86_64_PC32, cold, -4);
  builder.add_relocation("f.cold", 3, R_X86_64_PC32, builder.symbol("f"), back - 4);
  return builder;
}

TEST(ColdParts, ThatOnlyReturnElsewhereChangeTheirParentAlone) {
  const Result result =
      Diffing().run(with_cold_part(kNop, 11).build(), with_cold_part(kNop, 12).build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: f"});
}

TEST(ColdParts, ThatReturnIntoThePatchTravelThoughTheyAreTheSame) {
  const Result result =
      Diffing().run(with_cold_part(kNop, 11).build(), with_cold_part(0xcc, 11).build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  const elf::Object& object = result.delta->object;
  EXPECT_TRUE(object.symbols[object.find_symbol("f.cold")].is_defined());
}

TEST(ColdParts, TakeTheirEntriesOfSpecialSectionsAlong) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = with_cold_part(filler, 11);
    const elf::SectionId table = builder.section(
        {.name = "__bug_table", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(12)});
    builder.relocate(table, {0, R_X86_64_PC32, builder.symbol("f.cold"), 0});
    return builder.build();
  };
  Diffing diffing;
  diffing.sizes["bug_entry"] = 12;
  const Result result = diffing.run(make(kNop), make(0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(result.delta->object.find_section("__bug_table"));
}

TEST(JumpTables, OfComputedGotosTravelWithTheirFunction) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = unit(filler);
    const elf::SectionId table = builder.section({.name = ".rodata.labels.0",
                                                  .flags = SHF_ALLOC,
                                                  .alignment = 8,
                                                  .data = Bytes(8)});
    const elf::SymbolId labels = builder.define("labels.0", STT_OBJECT, table, 8);
    builder.relocate(table, {0, R_X86_64_64, builder.symbol("f"), 7});
    builder.add_relocation("f", 6, R_X86_64_32S, labels, 0);
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop), make(0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(result.delta->object.find_section(".rodata.labels.0"));
}

/// caller() calls the part of helper() that was not inlined into it.
elf::Object with_part(std::uint8_t filler, std::uint8_t in_parent) {
  ObjectBuilder builder;
  builder.function("helper", {in_parent, kRet});
  const elf::SymbolId part = builder.function("helper.part.0", {filler, kRet}, STB_LOCAL);
  builder.function("caller", {0xe8, 0, 0, 0, 0, kRet});
  builder.add_relocation("caller", 6, R_X86_64_PLT32, part, -4);
  return builder.build();
}

TEST(Parts, WithAnFtraceEntryArePatchedForThemselves) {
  const Result result = Diffing().run(with_part(kNop, kNop), with_part(0xcc, kNop));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_EQ(result.functions.size(), 1U);
  const Delta& delta = *result.delta;
  EXPECT_FALSE(delta.symbols[delta.object.find_symbol("helper.part.0")].has_parent);
}

TEST(Parts, ThatOthersCallArePatchedBesideTheirParent) {
  const Result result = Diffing().run(with_part(kNop, kNop), with_part(0xcc, 0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  const Delta& delta = *result.delta;
  EXPECT_FALSE(delta.symbols[delta.object.find_symbol("helper.part.0")].has_parent);
  EXPECT_TRUE(says(result, "NOTICE: helper.part.0, a part of helper, is patched for "
                           "itself: functions that are not part of the patch call it, "
                           "too"));
}

TEST(Aliases, OfAChangedFunctionNeedNoPatchOfTheirOwn) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = unit(filler);
    const elf::Symbol& f = builder.object().symbols[builder.symbol("f")];
    builder.define("alias_of_f", STT_FUNC, f.section, f.size, STB_GLOBAL);
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop), make(0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: f"});
}

TEST(Parainstructions, MayEndWithoutTheirPadding) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder = unit(filler);
    const elf::SectionId sites = builder.section({.name = ".parainstructions",
                                                  .flags = SHF_ALLOC,
                                                  .alignment = 8,
                                                  .data = Bytes(16 + 10)});
    builder.relocate(sites, {0, R_X86_64_64, builder.symbol("g"), 5});
    builder.relocate(sites, {16, R_X86_64_64, builder.symbol("f"), 5});
    return builder.build();
  };
  Diffing diffing;
  diffing.sizes["paravirt_patch_site"] = 16;
  const Result result = diffing.run(make(kNop), make(0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  const elf::Object& object = result.delta->object;
  EXPECT_EQ(object.sections[object.find_section(".parainstructions")].size(), 10U);
}

/// f with a jump label whose key `key` is a module's.
Result with_module_key(const std::string& key) {
  const auto make = [&](std::uint8_t filler) {
    ObjectBuilder builder = unit(filler);
    const elf::SectionId table = builder.section(
        {.name = "__jump_table", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(16)});
    builder.relocate(table, {0, R_X86_64_PC32, builder.symbol("f"), 5});
    builder.relocate(table, {4, R_X86_64_PC32, builder.symbol("f"), 6});
    builder.relocate(table, {8, R_X86_64_PC64, builder.symbol(key), 8});
    return builder.build();
  };
  Diffing diffing;
  diffing.sizes["jump_entry"] = 16;
  diffing.symvers = image::Symvers::parse("0x0\t" + key +
                                              "\tdrivers/foo\tEXPORT_SYMBOL\t\n"
                                              "0x0\tother\tvmlinux\tEXPORT_SYMBOL\t\n",
                                          "Module.symvers");
  return diffing.run(make(kNop), make(0xcc));
}

TEST(Tracepoints, OfModulesAreDroppedAloud) {
  const Result result = with_module_key("__tracepoint_foo_event");
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_FALSE(result.delta->object.find_section("__jump_table"));
  EXPECT_TRUE(says(result, "NOTICE: KP2012: a tracepoint of f stays switched off in the "
                           "patch: the kernel cannot reach its key "
                           "__tracepoint_foo_event from there"));
}

TEST(Diff, ThatReplacesNothingSaysSo) {
  ObjectBuilder patched = unit(kNop);
  patched.function("kpatch_for_others", {kRet});
  const Result result = Diffing().run(unit(kNop).build(), patched.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result, "NOTICE: KP2013: no function of unit.o is replaced"));
}

} // namespace
} // namespace kpatch::diff
