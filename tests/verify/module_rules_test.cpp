// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "verify/good_module.h"

#include <algorithm>
#include <gmock/gmock.h>

namespace kpatch::verify {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST_F(LoaderRules, AreKeptByAGoodModule) {
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(LoaderRules, JudgeNoProcessorThatTheyKnowTooLittleOf) {
  module_.header.machine = 258; // EM_LOONGARCH
  EXPECT_THROW(codes(), Error);
}

TEST_F(LoaderRules, LetNewCodeHaveAUniqueName) {
  module_.symbols[show_].name = "show.kpatch";
  EXPECT_THAT(codes(), IsEmpty());
  module_.symbols[show_].name = "show.other";
  EXPECT_THAT(codes(), Contains("KP5008"));
}

TEST_F(LoaderRules, WantLivepatchSymbolsInLivepatchRelocations) {
  module_.livepatch[0].relocations[0].symbol = thunk_;
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
}

TEST_F(LoaderRules, WantTheNameOfAnObjectInTheNameOfATable) {
  module_.livepatch[0].name = ".klp.rela.vmlinux";
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
}

TEST_F(LoaderRules, KeepSymbolsOfVmlinuxOutOfTablesOfModules) {
  module_.livepatch[0].name = ".klp.rela.loop..text.show";
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
}

TEST_F(LoaderRules, WantWellFormedNamesOfSymbols) {
  add_livepatch(".klp.sym.vmlinux.count");
  add_livepatch(".klp.sym.vmlinux.count,x");
  EXPECT_THAT(codes(), ElementsAre("KP5001", "KP5001"));
}

TEST_F(LoaderRules, LetSymbolsBeThatNothingAsksFor) {
  const elf::SymbolId tombstone = add_livepatch(".klp.tombstone.count");
  module_.sections[text_].relocations.push_back({20, R_X86_64_NONE, tombstone, 0});
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(LoaderRules, WantLivepatchSymbolsOutOfOtherRelocations) {
  module_.sections[text_].relocations.push_back({20, R_X86_64_32S, klp_, 0});
  EXPECT_THAT(codes(), Contains("KP5001"));
}

TEST_F(LoaderRules, WantSymbolsThatTheKernelFinds) {
  add_livepatch(".klp.sym.vmlinux.count,3");
  add_livepatch(".klp.sym.vmlinux.count,0"); // must be the only one
  add_livepatch(".klp.sym.nowhere.count,1");
  EXPECT_THAT(codes(), ElementsAre("KP5002", "KP5002", "KP5002"));
  add_livepatch(".klp.sym.vmlinux.once,0");
  EXPECT_EQ(codes().size(), 3U);
}

TEST_F(LoaderRules, WantSymbolsThatAModuleKeeps) {
  add_livepatch(".klp.sym.loop.twice,2");
  EXPECT_THAT(codes(), IsEmpty());
  add_livepatch(".klp.sym.loop.setup,0");
  add_livepatch(".klp.sym.loop.mixed,2"); // the first of them later on
  EXPECT_THAT(codes(), ElementsAre("KP5002", "KP5002"));
}

TEST_F(LoaderRules, WantEmptyFieldsForLivepatchRelocations) {
  module_.sections[text_].data[9] = 1;
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
}

TEST_F(LoaderRules, WantOneRelocationForAField) {
  module_.sections[text_].relocations.push_back({10, R_X86_64_PC32, show_, -4});
  EXPECT_THAT(codes(), Contains("KP5001"));
  module_.sections[text_].relocations.pop_back();
  auto& table = module_.livepatch[0].relocations;
  table.push_back(table.front());
  EXPECT_THAT(codes(), Contains("KP5001"));
}

TEST_F(LoaderRules, LetFieldsLieSideBySide) {
  const auto data = module_.add_section({.name = ".data.table",
                                         .flags = SHF_ALLOC | SHF_WRITE,
                                         .data = Bytes(16),
                                         .has_relocations = true,
                                         .relocations = {{0, R_X86_64_64, show_, 0}}});
  module_.livepatch.push_back(
      {".klp.rela.vmlinux..data.table", data, {{8, R_X86_64_64, klp_, 0}}});
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(LoaderRules, WantFieldsInsideOfTheirSections) {
  module_.livepatch[0].relocations[0].offset = 30;
  EXPECT_THAT(codes(), Contains("KP5001"));
}

TEST_F(LoaderRules, WantARecordForWhatMayReplaceAFunctionOnly) {
  const auto added = module_.add_section(
      {.name = ".text.pair", .flags = SHF_ALLOC | SHF_EXECINSTR, .data = Bytes(1, 0xc3)});
  const auto pair = module_.add_symbol({.name = "pair",
                                        .binding = STB_GLOBAL,
                                        .type = STT_FUNC,
                                        .section = added,
                                        .size = 1});
  EXPECT_THAT(codes(), Not(Contains("KP5008"))); // the kernel's are static
  module_.symbols[pair].binding = STB_LOCAL;
  EXPECT_THAT(codes(), Contains("KP5008"));
}

/// Only labels of modules have these, and the kernel's file has no contents of .bss.
TEST_F(LoaderRules, LetKeysLieInBss) {
  add_label("two_keys", 16);
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(LoaderRules, WantRoomForAKeyWhereItIsSaidToBe) {
  add_label("two_keys", 32); // behind the second
  EXPECT_THAT(codes(), ElementsAre("KP5010"));
  module_.livepatch.pop_back();
  drop("__jump_table");
  section("__jump_table").data.clear();
  add_label("number", 0);
  EXPECT_THAT(codes(), ElementsAre("KP5010"));
}

TEST_F(LoaderRules, WantUnwindDataForEveryFunction) {
  drop(".orc_unwind_ip");
  EXPECT_THAT(codes(), Contains("KP5003"));
}

/// A section's last row has only zeros and stands where the section ends; where functions
/// are not aligned the next one begins there.
TEST_F(LoaderRules, LetUnwindDataBeginWhereASectionEnds) {
  Bytes& data = section(".orc_unwind").data;
  elf::Section& places = section(".orc_unwind_ip");
  data = Bytes(18);
  data[12] = 1;
  places.data.resize(12);
  places.relocations = {{0, R_X86_64_PC32, show_, 0},
                        {4, R_X86_64_PC32, show_, 0},
                        {8, R_X86_64_PC32, show_, 17}};
  EXPECT_THAT(codes(), IsEmpty());
  data[6] = 1;
  places.relocations[1].addend = 17;
  EXPECT_THAT(codes(), Contains("KP5011"));
}

/// As _etext - 1 in static_protections() of x86.
TEST_F(LoaderRules, LetCodeTakeTheLastByteBeforeAMark) {
  module_.symbols[klp_].name = ".klp.sym.vmlinux.__start_orc_unwind,1";
  elf::Relocation& reference = module_.livepatch[0].relocations[0];
  reference.addend = -4 - 1;
  EXPECT_THAT(codes(), IsEmpty());
  reference.addend = -4 - 2;
  EXPECT_THAT(codes(), Contains("KP5013"));
}

/// Since 7.x functions share a section, and another one of it may refer to another thing
/// of that name.
TEST_F(LoaderRules, HoldReferencesAgainstTheOldCodeOfTheFunctionTheyAreIn) {
  constexpr std::uint8_t kOld[] = {0x48, 0x8b, 0x05, 0x09, 0xff, 0xff, 0xff}; // count, 1
  image_ = image::Image("vmlinux", std::endian::little,
                        {{.name = ".text",
                          .address = 0x100,
                          .size = sizeof(kOld),
                          .flags = kCode,
                          .data = Bytes(std::begin(kOld), std::end(kOld))}},
                        {{.name = "count", .address = 16},
                         {.name = "count", .address = 32},
                         {.name = "show", .address = 0x100}});
  module_.sections[text_].name = ".text";
  module_.livepatch[0].name = ".klp.rela.vmlinux..text";
  EXPECT_THAT(codes(), Contains("KP5013"));
  module_.symbols[show_].size = 8;
  EXPECT_THAT(codes(), Not(Contains("KP5013")));
}

TEST_F(LoaderRules, WantOneUnwindEntryForAPlace) {
  Bytes& data = section(".orc_unwind").data;
  elf::Section& places = section(".orc_unwind_ip");
  const elf::SymbolId other = module_.find_symbol("init_module");
  data = Bytes(18);
  places.data.resize(12);
  places.relocations = {{0, R_X86_64_PC32, show_, 0},
                        {4, R_X86_64_PC32, other, 0},
                        {8, R_X86_64_PC32, show_, 0}};
  EXPECT_THAT(codes(), IsEmpty());
  data[0] = 2; // an end of code no more
  data[12] = 1;
  EXPECT_THAT(codes(), Contains("KP5011"));
}

/// Since 7.x functions share a section with those that the module is made with, which
/// come first and may be called as some function of the kernel is.
TEST_F(LoaderRules, WantARecordForAKernelsFunctionInJoinedSections) {
  module_.sections[text_].name = ".text";
  module_.livepatch[0].name = ".klp.rela.vmlinux..text";
  module_.symbols[show_].size = 12;
  EXPECT_THAT(codes(), IsEmpty());
  const elf::SymbolId second = module_.add_symbol(
      {.name = "show", .type = STT_FUNC, .section = text_, .value = 12, .size = 20});
  EXPECT_THAT(codes(), Contains("KP5008"));
  module_.add_section({.name = ".data.cold", // as its cold part does
                       .flags = SHF_ALLOC | SHF_WRITE,
                       .data = Bytes(8),
                       .has_relocations = true,
                       .relocations = {{0, R_X86_64_64, second, 12}}});
  EXPECT_THAT(codes(), Contains("KP5008"));
  module_.symbols[second].name = "helper";
  EXPECT_THAT(codes(), IsEmpty());
}

/// Linking joins sections of one name, and so changes the order of two units' functions.
TEST_F(LoaderRules, WantUnwindEntriesInOrderWithinAFunction) {
  module_.symbols[show_].size = 12;
  const elf::SymbolId second = module_.add_symbol(
      {.name = "second", .type = STT_FUNC, .section = text_, .value = 12, .size = 20});
  section(".orc_unwind").data = Bytes(18);
  elf::Section& places = section(".orc_unwind_ip");
  places.data.resize(12);
  places.relocations = {{0, R_X86_64_PC32, second, 0},
                        {4, R_X86_64_PC32, show_, 0},
                        {8, R_X86_64_PC32, show_, 5}};
  EXPECT_THAT(codes(), IsEmpty());
  places.relocations[1].addend = 5;
  places.relocations[2].addend = 0;
  EXPECT_THAT(codes(), Contains("KP5011"));
}

TEST_F(LoaderRules, WantUnwindEntriesWhereInstructionsBegin) {
  section(".orc_unwind").data = Bytes(12);
  elf::Section& places = section(".orc_unwind_ip");
  places.data.resize(8);
  places.relocations.push_back({4, R_X86_64_PC32, show_, 12});
  EXPECT_THAT(codes(), IsEmpty());
  places.relocations[1].addend = 32; // the end of the section
  EXPECT_THAT(codes(), IsEmpty());
  for (const std::int64_t inside : {1, 4, 11, 13}) {
    places.relocations[1].addend = inside;
    EXPECT_THAT(codes(), ElementsAre("KP5011")) << inside;
  }
}

/// What an alternative puts in the place of a call may push and pop.
TEST_F(LoaderRules, LetUnwindEntriesBeWhereAReplacementChangesTheStack) {
  constexpr std::uint8_t kLong[] = {0x0f, 0x1f, 0}; // nopl (%rax)
  std::ranges::copy(kLong, module_.sections[text_].data.begin() + 20);
  add_alternative(20, 0); // with three nops
  section(".orc_unwind").data = Bytes(12);
  elf::Section& places = section(".orc_unwind_ip");
  places.data.resize(8);
  places.relocations.push_back({4, R_X86_64_PC32, show_, 21});
  EXPECT_THAT(codes(), IsEmpty());
  std::ranges::copy(kLong, section(".altinstr_replacement").data.begin());
  EXPECT_THAT(codes(), ElementsAre("KP5011"));
}

TEST_F(LoaderRules, WantEveryReturnListed) {
  drop(".return_sites");
  EXPECT_THAT(codes(), Contains("KP5004"));
}

TEST_F(LoaderRules, WantARelocationForWhatIsRead) {
  module_.livepatch.clear();
  EXPECT_THAT(codes(), Contains("KP5001"));
}

TEST_F(LoaderRules, LetCodeSayWhereItIs) {
  module_.livepatch.clear();
  module_.sections[text_].data[6] = 0x8d; // lea 0(%rip), %rax: _THIS_IP_
  EXPECT_THAT(codes(), Not(Contains("KP5001")));
}

TEST_F(LoaderRules, WantTheKernelsVersion) {
  set_modinfo(std::string("license=GPL\0livepatch=Y\0vermagic=6.1.0-2-test SMP\0", 50));
  EXPECT_THAT(codes(), ElementsAre("KP5005"));
}

TEST_F(LoaderRules, WantTheModuleToSayWhatItIs) {
  set_modinfo(std::string("license=GPL\0vermagic=6.1.0-1-test SMP\0", 38));
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
}

TEST_F(LoaderRules, WantNoConstantThatOnlyBootingFillsIn) {
  const Bytes constant = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01};
  std::ranges::copy(constant, module_.sections[text_].data.begin() + 18);
  EXPECT_THAT(codes(), ElementsAre("KP5006"));
}

TEST_F(LoaderRules, WantSymbolsThatVmlinuxKeeps) {
  add_livepatch(".klp.sym.vmlinux.start,1");
  add_livepatch(".klp.sym.vmlinux.pair,2");
  add_livepatch(".klp.sym.vmlinux.pair,1");
  EXPECT_THAT(codes(), ElementsAre("KP5002", "KP5002"));
}

TEST_F(LoaderRules, LetExceptionsGoOnBesideAlternatives) {
  add_alternative(20, 0);
  add_exception(18, 20);
  EXPECT_THAT(codes(), IsEmpty());
  section("__ex_table").relocations[1].addend = 23;
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(LoaderRules, LetNothingGoOnInsideOfAnAlternative) {
  add_alternative(20, 0);
  add_exception(18, 21);
  EXPECT_THAT(codes(), ElementsAre("KP5011"));
  section("__ex_table").relocations[1].addend = 22;
  EXPECT_THAT(codes(), ElementsAre("KP5011"));
}

TEST_F(LoaderRules, WantReplacementsFromTheStartOfTheirSection) {
  add_alternative(20, 1);
  EXPECT_THAT(codes(), ElementsAre("KP5011"));
}

TEST_F(LoaderRules, WantATrapForEachEntryOfIt) {
  module_.sections[text_].data[18] = 0x0f; // ud2
  module_.sections[text_].data[19] = 0x0b;
  EXPECT_THAT(codes(), ElementsAre("KP5011"));
  add_warnings({18});
  EXPECT_THAT(codes(), IsEmpty());
  section("__bug_table").relocations[0].addend = 21;
  EXPECT_THAT(codes(), ElementsAre("KP5011", "KP5011"));
}

/// Since 6.19 a WARN() with a text takes the address of its entry, which leads right
/// behind the instruction that does.
TEST_F(LoaderRules, LetAnEntryBeHandedToAFunction) {
  constexpr std::uint8_t kTake[] = {0x48, 0x8d, 0x3d, 0, 0, 0, 0}; // lea 0(%rip), %rdi
  std::ranges::copy(kTake, module_.sections[text_].data.begin() + 18);
  add_warnings({25, 25});
  const elf::SymbolId table = module_.section_symbol(module_.find_section("__bug_table"));
  module_.sections[text_].relocations.push_back({21, R_X86_64_PC32, table, 12 - 4});
  EXPECT_THAT(codes(), ElementsAre("KP5011")) << "the first entry is the same place's";
  section("__bug_table").relocations.erase(section("__bug_table").relocations.begin());
  EXPECT_THAT(codes(), ElementsAre("KP5011")) << "the first entry leads nowhere";
  section("__bug_table").data.resize(12);
  module_.sections[text_].relocations.back().addend = -4;
  section("__bug_table").relocations[0].offset = 0;
  EXPECT_THAT(codes(), IsEmpty());
  section("__bug_table").relocations[0].addend = 24;
  EXPECT_THAT(codes(), ElementsAre("KP5011"));
}

TEST_F(LoaderRules, LetAZeroWordEndTheRecords) {
  section(".kpatch.funcs").data.resize(64);
  EXPECT_THAT(codes(), IsEmpty());
}

/// One fault each, done to the module that keeps all rules.
struct Fault {
  const char* name;
  const char* code;
  void (*apply)(LoaderRules& rules);
};

void PrintTo(const Fault& fault, std::ostream* stream) {
  *stream << fault.name;
}

class Faults : public LoaderRules, public testing::WithParamInterface<Fault> {};

TEST_P(Faults, AreFound) {
  GetParam().apply(*this);
  EXPECT_THAT(codes(), testing::Contains(GetParam().code));
}

constexpr const char* kThisModule = ".gnu.linkonce.this_module";
constexpr const char* kRecords = ".kpatch.funcs";

const Fault kFaults[] = {
    {"NameWithoutEnd", "KP5007",
     [](LoaderRules& r) {
       std::ranges::fill_n(r.section(kThisModule).data.begin() + 24, 56, 'x');
     }},
    {"NoName", "KP5007", [](LoaderRules& r) { r.section(kThisModule).data[24] = 0; }},
    {"NoRoomForName", "KP5007",
     [](LoaderRules& r) { r.section(kThisModule).data.resize(40); }},
    {"NoInit", "KP5007",
     [](LoaderRules& r) { r.section(kThisModule).relocations.clear(); }},
    {"TextNotExecuted", "KP5007",
     [](LoaderRules& r) {
       r.module_.add_symbol({.name = "cold",
                             .type = STT_FUNC,
                             .section = r.module_.add_section(
                                 {.name = ".text.cold", .flags = SHF_ALLOC})});
     }},
    {"TextNotLoaded", "KP5007",
     [](LoaderRules& r) {
       r.module_.add_symbol({.name = "cold",
                             .type = STT_FUNC,
                             .section = r.module_.add_section(
                                 {.name = ".text.cold", .flags = SHF_EXECINSTR})});
     }},
    {"ReturnSites", "KP5007",
     [](LoaderRules& r) { r.section(".return_sites").data.resize(6); }},
    {"FtraceEntrySize", "KP5007",
     [](LoaderRules& r) { r.section("__mcount_loc").data.resize(12); }},
    {"FtraceEntryPlace", "KP5010",
     [](LoaderRules& r) { r.section("__mcount_loc").relocations[0].addend = 40; }},
    {"OrcSize", "KP5011",
     [](LoaderRules& r) {
       r.section(".orc_unwind").data.resize(7);
       r.section(".orc_unwind_ip").data.resize(8);
     }},
    {"OrcMissing", "KP5011",
     [](LoaderRules& r) { r.section(".orc_unwind").data.clear(); }},
    {"CallPastStart", "KP5007",
     [](LoaderRules& r) {
       const auto other = r.module_.add_symbol({.name = "printk", .binding = STB_GLOBAL});
       r.section(".text.show").data[0] = 0xe8;
       r.section(".text.show").relocations.push_back({1, R_X86_64_PLT32, other, 0});
       r.module_.livepatch.clear();
     }},
    {"JumpOutOfCode", "KP5007",
     [](LoaderRules& r) {
       r.section(".text.show").data[17] = 0xeb; // jmp +0x7f
       r.section(".text.show").data[18] = 0x7f;
     }},
    {"JumpIntoAnInstruction", "KP5007",
     [](LoaderRules& r) {
       r.section(".text.show").data[17] = 0xeb; // jmp to the field of the first mov
       r.section(".text.show").data[18] = 0xf5;
     }},
    {"RelocationThatDoesNothing", "KP5001",
     [](LoaderRules& r) { r.section(".text.show").relocations[0].type = R_X86_64_NONE; }},
    {"DataThatCannotBeWritten", "KP5007",
     [](LoaderRules& r) {
       r.module_.add_section({.name = ".data.x", .flags = SHF_ALLOC, .data = Bytes(4)});
     }},
    {"CodeThatCanBeWritten", "KP5007",
     [](LoaderRules& r) { r.section(".text.show").flags |= SHF_WRITE; }},
    {"DataWithoutContents", "KP5007",
     [](LoaderRules& r) {
       r.module_.add_section({.name = ".rodata.x",
                              .type = SHT_NOBITS,
                              .flags = SHF_ALLOC,
                              .nobits_size = 8});
     }},
    {"TextPastItsSection", "KP5007",
     [](LoaderRules& r) {
       const auto texts =
           r.module_.add_section({.name = ".rodata.str1.1",
                                  .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                                  .entry_size = 1,
                                  .data = {'x', 0}});
       elf::Section& code = r.section(".text.show");
       std::ranges::copy(Bytes{0x48, 0xc7, 0xc7, 0, 0, 0, 0}, code.data.begin() + 17);
       code.relocations.push_back(
           {20, R_X86_64_32S, r.module_.section_symbol(texts), 0x1000});
     }},
    {"SymbolPastItsSection", "KP5007",
     [](LoaderRules& r) { r.module_.symbols[r.show_].size = 33; }},
    {"NoRecords", "KP5008",
     [](LoaderRules& r) {
       r.section(kRecords).data.clear();
       r.section(kRecords).relocations.clear();
     }},
    {"LongerTable", "KP5008",
     [](LoaderRules& r) {
       r.section(kRecords).data.resize(64);
       r.section(kRecords).data[60] = 1;
     }},
    {"CutTable", "KP5008", [](LoaderRules& r) { r.section(kRecords).data.resize(52); }},
    {"FileForObject", "KP5008",
     [](LoaderRules& r) { r.rename_record("show", "loop.ko"); }},
    {"UnknownObject", "KP5008",
     [](LoaderRules& r) { r.rename_record("show", "nowhere"); }},
    {"UnknownFunction", "KP5008",
     [](LoaderRules& r) { r.rename_record("nothing", "vmlinux"); }},
    {"InitFunction", "KP5008",
     [](LoaderRules& r) { r.rename_record("start", "vmlinux"); }},
    {"Padding", "KP5008",
     [](LoaderRules& r) {
       r.module_.symbols[r.show_].name = "__pfx_show";
       r.rename_record("__pfx_show", "vmlinux");
     }},
    {"Data", "KP5008", [](LoaderRules& r) { r.rename_record("once", "vmlinux"); }},
    {"Ambiguous", "KP5008", [](LoaderRules& r) { r.rename_record("pair", "vmlinux"); }},
    {"PositionTooHigh", "KP5008",
     [](LoaderRules& r) { r.section(kRecords).data[32] = 2; }},
    {"NoNewCode", "KP5008",
     [](LoaderRules& r) {
       r.section(kRecords).relocations.erase(r.section(kRecords).relocations.begin());
     }},
    {"NewCodeElsewhere", "KP5008",
     [](LoaderRules& r) { r.section(kRecords).relocations[0].addend = 4; }},
    {"Twice", "KP5008",
     [](LoaderRules& r) {
       elf::Section& records = r.section(kRecords);
       records.data.resize(112);
       for (const std::size_t i : {0, 1, 2}) {
         elf::Relocation again = records.relocations[i];
         again.offset += 56;
         records.relocations.push_back(again);
       }
     }},
};

/// The sizes of entries come from the table of special sections; the kernel says by its
/// own __ex_table which of the known ones it has.
TEST_F(LoaderRules, WantWholeEntriesInTables) {
  for (const auto& [table, size] : {std::pair("__jump_table", 24),
                                    {".static_call_sites", 12},
                                    {".retpoline_sites", 5},
                                    {".smp_locks", 3},
                                    {"__ex_table", 16}}) {
    const elf::Object whole = module_;
    module_.add_section({.name = table, .data = Bytes(static_cast<std::size_t>(size))});
    EXPECT_THAT(codes(), Contains("KP5007")) << table;
    module_ = whole;
  }
}

INSTANTIATE_TEST_SUITE_P(OfModules, Faults, testing::ValuesIn(kFaults),
                         [](const auto& information) {
                           return std::string(information.param.name);
                         });

} // namespace
} // namespace kpatch::verify
