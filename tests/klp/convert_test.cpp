// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/endian.h"
#include "base/error.h"
#include "klp/convert.h"
#include "klp/linked_module.h"
#include "klp/records.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

using testing::LinkedModule;
using testing::Wanted;

constexpr std::uint16_t SHN_LIVEPATCH = 0xff20;

/// The message of the Error that converting throws; empty if it succeeds.
std::string complaint(elf::Object& module, const ConvertOptions& options = {}) {
  try {
    convert_to_livepatch(module, options);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(Convert, MakesALivepatchTableAndSymbol) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    LinkedModule linked(order);
    linked.add({});
    convert_to_livepatch(linked.module, {});

    const elf::Object& module = linked.module;
    ASSERT_EQ(module.livepatch.size(), 1u);
    EXPECT_EQ(module.livepatch[0].name, ".klp.rela.vmlinux..text.f");
    EXPECT_EQ(module.sections[module.livepatch[0].target].name, ".text.f");
    const elf::SymbolId symbol = module.find_symbol(".klp.sym.vmlinux.show_val_kb,1");
    ASSERT_NE(symbol, elf::kNoSymbol);
    EXPECT_EQ(module.symbols[symbol].reserved_index, SHN_LIVEPATCH);
    EXPECT_EQ(module.symbols[symbol].binding, STB_LOCAL);
    EXPECT_EQ(module.symbols[symbol].type, STT_FUNC);
    const elf::Relocation expected{
        .offset = 0x10, .type = R_X86_64_PC32, .symbol = symbol, .addend = -4};
    EXPECT_EQ(module.livepatch[0].relocations, std::vector{expected});
  }
}

TEST(Convert, RemovesTheRecordsButNotWhatTheModuleNeeds) {
  LinkedModule linked;
  linked.add({});
  linked.module.add_section({.name = ".kpatch.funcs"});
  convert_to_livepatch(linked.module, {});
  for (const char* gone : {".kpatch.symbols", ".kpatch.relocations", ".kpatch.arch"})
    EXPECT_EQ(linked.module.find_section(gone), elf::kNoSection) << gone;
  EXPECT_NE(linked.module.find_section(".kpatch.strings"), elf::kNoSection);
  EXPECT_NE(linked.module.find_section(".kpatch.funcs"), elf::kNoSection);
}

TEST(Convert, SharesSymbolsAndTablesAndKeepsOrder) {
  LinkedModule linked;
  linked.module.add_section({.name = ".text.g", .data = Bytes(8)});
  linked.add({.offset = 0x20});
  linked.add({.offset = 0x10});
  linked.add({.place = ".text.g", .offset = 0, .sympos = 2});
  convert_to_livepatch(linked.module, {});

  ASSERT_EQ(linked.module.livepatch.size(), 2u);
  const auto& first = linked.module.livepatch[0].relocations;
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].offset, 0x20u);
  EXPECT_EQ(first[1].offset, 0x10u);
  EXPECT_EQ(first[0].symbol, first[1].symbol);
  EXPECT_EQ(linked.module.livepatch[1].name, ".klp.rela.vmlinux..text.g");
  EXPECT_NE(linked.module.find_symbol(".klp.sym.vmlinux.show_val_kb,2"), elf::kNoSymbol);
}

TEST(Convert, SeparatesTheObjectsToPatch) {
  LinkedModule linked;
  linked.add({.object = "ip_vs", .owner = "ip_vs"});
  linked.add(
      {.offset = 0, .object = "ip_vs", .symbol = "nf_hook", .owner = "nf_conntrack"});
  linked.add({.offset = 4});
  convert_to_livepatch(linked.module, {});
  ASSERT_EQ(linked.module.livepatch.size(), 2u);
  EXPECT_EQ(linked.module.livepatch[0].name, ".klp.rela.ip_vs..text.f");
  EXPECT_EQ(linked.module.livepatch[0].relocations.size(), 2u);
  EXPECT_NE(linked.module.find_symbol(".klp.sym.nf_conntrack.nf_hook,1"), elf::kNoSymbol);
}

TEST(Convert, FollowsPointersThroughNamedSymbols) {
  LinkedModule linked;
  linked.add({.offset = 0});
  const elf::SymbolId inner =
      linked.module.add_symbol({.name = "inner", .section = 1, .value = 8});
  linked.relocations_of(".kpatch.relocations")[0].symbol = inner;
  linked.relocations_of(".kpatch.relocations")[0].addend = 2;
  convert_to_livepatch(linked.module, {});
  EXPECT_EQ(linked.module.livepatch[0].relocations[0].offset, 10u);
}

TEST(Convert, AcceptsAModuleWithoutAnyRecord) {
  LinkedModule linked;
  EXPECT_EQ(complaint(linked.module), "");
  EXPECT_TRUE(linked.module.livepatch.empty());
}

TEST(Convert, SurvivesWritingAndReading) {
  LinkedModule linked(std::endian::big);
  linked.add({});
  convert_to_livepatch(linked.module, {});
  const elf::Object again = elf::read_object(elf::write_object(linked.module), "again");
  ASSERT_EQ(again.livepatch.size(), 1u);
  EXPECT_EQ(again.livepatch[0].name, ".klp.rela.vmlinux..text.f");
  ASSERT_EQ(again.livepatch[0].relocations.size(), 1u);
  const elf::Symbol& symbol = again.symbols[again.livepatch[0].relocations[0].symbol];
  EXPECT_EQ(symbol.name, ".klp.sym.vmlinux.show_val_kb,1");
  EXPECT_EQ(symbol.reserved_index, SHN_LIVEPATCH);
}

TEST(ConvertErrors, NamesTheMissingSection) {
  for (const char* name : {".kpatch.strings", ".kpatch.symbols", ".kpatch.relocations"}) {
    LinkedModule linked;
    linked.module.sections[linked.module.find_section(name)].name = ".other";
    EXPECT_NE(complaint(linked.module).find(std::string("missing ") + name),
              std::string::npos);
  }
}

TEST(ConvertErrors, RefusesUnequalCounts) {
  LinkedModule linked;
  linked.add({});
  linked.module.sections[linked.module.find_section(".kpatch.symbols")].data.resize(80);
  EXPECT_NE(complaint(linked.module).find("number of krelas and ksyms do not match"),
            std::string::npos);
}

TEST(ConvertErrors, RefusesARecordWithoutItsPointers) {
  const std::pair<std::uint64_t, const char*> cases[] = {
      {records::symbol::kName, "name of ksym not found"},
      {records::symbol::kObject, "objname of ksym not found"},
  };
  for (const auto& [offset, text] : cases) {
    LinkedModule linked;
    linked.add({});
    std::erase_if(
        linked.relocations_of(".kpatch.symbols"),
        [&](const elf::Relocation& relocation) { return relocation.offset == offset; });
    EXPECT_NE(complaint(linked.module).find(text), std::string::npos)
        << complaint(linked.module);
  }
}

TEST(ConvertErrors, RefusesPointersThatLeaveTheirSection) {
  for (const std::size_t pointer : {0u, 1u, 2u}) {
    LinkedModule linked;
    linked.add({});
    linked.relocations_of(".kpatch.relocations")[pointer].addend = 0x100000;
    EXPECT_NE(complaint(linked.module), "") << pointer;
  }
}

TEST(ConvertErrors, RefusesAStringWithoutEnd) {
  LinkedModule linked;
  linked.add({});
  linked.module.sections[linked.module.find_section(".kpatch.strings")].data.back() = 'x';
  EXPECT_NE(complaint(linked.module).find("has no end"), std::string::npos);
}

TEST(ConvertErrors, RefusesNamesTheKernelWouldCut) {
  const Wanted cases[] = {
      {.object = std::string(56, 'm')},
      {.object = "a.b"},
      {.object = ""},
      {.object = "m", .owner = "dotted.name"},
      {.symbol = std::string(512, 's')},
      {.symbol = "a,b"},
      {.symbol = ""},
  };
  for (const Wanted& wanted : cases) {
    LinkedModule linked;
    linked.add(wanted);
    EXPECT_NE(complaint(linked.module).find("livepatch relocation"), std::string::npos)
        << wanted.object << ' ' << wanted.symbol;
  }
}

TEST(ConvertErrors, AcceptsNamesAsLongAsTheKernelDoes) {
  LinkedModule linked;
  const std::string object(55, 'm');
  linked.add({.object = object, .symbol = std::string(511, 's'), .owner = object});
  EXPECT_EQ(complaint(linked.module), "");
}

TEST(ConvertErrors, RefusesVmlinuxSymbolsInATableOfAModule) {
  LinkedModule linked;
  linked.add({.object = "ip_vs", .owner = "vmlinux"});
  EXPECT_NE(complaint(linked.module).find("show_val_kb"), std::string::npos);
}

TEST(KlpArch, MovesTheSectionsNamedByRecords) {
  LinkedModule linked;
  const elf::SectionId first = linked.add_arch_source(".parainstructions", 0x1c);
  const elf::SectionId second = linked.add_arch_source(".parainstructions", 0x10);
  const elf::SectionId other = linked.add_arch_source(".altinstructions", 0xc);
  linked.point(second, 4, 1, 0x30);
  linked.add_arch_record(first, "vmlinux");
  linked.add_arch_record(second, "vmlinux");
  linked.add_arch_record(other, "ip_vs");
  convert_to_livepatch(linked.module,
                       {.klp_arch_sections = true, .paravirt_site_size = 16});

  const elf::Object& module = linked.module;
  const elf::SectionId joined =
      module.find_section(".klp.arch.vmlinux..parainstructions");
  ASSERT_NE(joined, elf::kNoSection);
  EXPECT_EQ(module.sections[joined].size(), 0x30u); // 0x1c rounded up, and 0x10
  EXPECT_EQ(module.sections[joined].data[0x1f], 0);
  ASSERT_EQ(module.sections[joined].relocations.size(), 1u);
  EXPECT_EQ(module.sections[joined].relocations[0].offset, 0x24u);
  EXPECT_NE(module.find_section(".klp.arch.ip_vs..altinstructions"), elf::kNoSection);
  EXPECT_EQ(module.find_section(".parainstructions"), elf::kNoSection);
  EXPECT_EQ(module.find_section(".altinstructions"), elf::kNoSection);
}

TEST(KlpArch, LeavesTheSectionsAloneIfNotAsked) {
  LinkedModule linked;
  linked.add_arch_record(linked.add_arch_source(".altinstructions", 12), "vmlinux");
  convert_to_livepatch(linked.module, {});
  EXPECT_NE(linked.module.find_section(".altinstructions"), elf::kNoSection);
  EXPECT_EQ(linked.module.find_section(".kpatch.arch"), elf::kNoSection);
}

TEST(KlpArch, NeedsTheSizeOfAParavirtSite) {
  for (const std::optional<std::uint64_t> size :
       {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{12}}) {
    LinkedModule linked;
    linked.add_arch_record(linked.add_arch_source(".parainstructions", 16), "vmlinux");
    EXPECT_NE(
        complaint(linked.module, {.klp_arch_sections = true, .paravirt_site_size = size})
            .find("PARA_STRUCT_SIZE not set"),
        std::string::npos);
  }
}

TEST(KlpArch, RefusesASectionThatTwoObjectsShare) {
  LinkedModule linked;
  const elf::SectionId shared = linked.add_arch_source(".altinstructions", 24);
  linked.add_arch_record(shared, "vmlinux");
  linked.add_arch_record(shared, "ip_vs");
  EXPECT_NE(complaint(linked.module, {.klp_arch_sections = true}).find("needed by both"),
            std::string::npos);
}

TEST(KlpArch, RefusesALivepatchRelocationInASectionThatGoes) {
  LinkedModule linked;
  linked.add_arch_source(".altinstructions", 24);
  linked.add({.place = ".altinstructions", .offset = 0});
  EXPECT_NE(complaint(linked.module, {.klp_arch_sections = true}).find("does not stay"),
            std::string::npos);
}

} // namespace
} // namespace kpatch::klp
