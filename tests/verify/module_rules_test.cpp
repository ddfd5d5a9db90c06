// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/module_rules.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::verify {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint16_t kLivepatchIndex = 0xff20;
constexpr std::uint64_t kCode = SHF_ALLOC | SHF_EXECINSTR;

/// A module that keeps all rules, for tests to break one.
class LoaderRules : public testing::Test {
 public:
  LoaderRules()
      : image_("vmlinux", std::endian::little,
               {
                   {.name = ".text", .address = 0x100, .size = 64, .flags = kCode},
                   {.name = ".init.text", .address = 0x200, .size = 64, .flags = kCode},
                   {.name = ".orc_unwind", .address = 0x300, .size = 6, .data = Bytes(6)},
                   {.name = ".orc_unwind_ip",
                    .address = 0x400,
                    .size = 4,
                    .data = {0x00, 0xfd, 0xff, 0xff}}, // 0x100
                   {.name = ".altinstructions",
                    .address = 0x500,
                    .size = 12,
                    .data = {0, 0xfc, 0xff, 0xff, 0, 0xfc, 0xff, 0xff, 0, 0, 3, 3}},
                   {.name = "__ex_table",
                    .address = 0x600,
                    .size = 12,
                    .data = {0, 0xfb, 0xff, 0xff, 0, 0xfb, 0xff, 0xff, 0, 0, 0, 0}},
               },
               {{.name = "count", .address = 16},
                {.name = "count", .address = 32},
                {.name = "once", .address = 48},
                {.name = "show", .address = 0x100},
                {.name = "pair", .address = 0x110},
                {.name = "pair", .address = 0x210},
                {.name = "__return_sites", .address = 0x240},
                {.name = "start", .address = 0x200},
                {.name = "__pfx_show", .address = 0x120}}) {
    module_.label = "livepatch-x.ko";
    module_.header.machine = EM_X86_64;
    text_ = module_.add_section({.name = ".text.show",
                                 .flags = SHF_ALLOC | SHF_EXECINSTR,
                                 .data = Bytes(32, 0xcc),
                                 .has_relocations = true});
    constexpr std::uint8_t kBytes[] = {0xe8, 0,    0, 0, 0,       // call __fentry__
                                       0x48, 0x8b, 5, 0, 0, 0, 0, // mov count, %rax
                                       0xe9, 0,    0, 0, 0};      // return
    std::ranges::copy(kBytes, module_.sections[text_].data.begin());
    show_ = module_.add_symbol(
        {.name = "show", .type = STT_FUNC, .section = text_, .size = 32});
    thunk_ = module_.add_symbol({.name = "__x86_return_thunk", .binding = STB_GLOBAL});
    const auto fentry = module_.add_symbol({.name = "__fentry__", .binding = STB_GLOBAL});
    module_.sections[text_].relocations = {{1, R_X86_64_PLT32, fentry, -4},
                                           {13, R_X86_64_PLT32, thunk_, -4}};
    add_table(".return_sites", 12);
    add_table(".orc_unwind_ip", 0);
    module_.add_section({.name = ".orc_unwind", .flags = SHF_ALLOC, .data = Bytes(6)});
    set_modinfo(std::string(
        "license=GPL\0livepatch=Y\0vermagic=6.1.0-1-test SMP mod_unload\0", 61));
    klp_ = add_livepatch(".klp.sym.vmlinux.count,2");
    add_this_module("livepatch_x");
    add_records();
    add_table("__mcount_loc", 0);
    section("__mcount_loc").data.resize(8);
    module_.livepatch = {
        {".klp.rela.vmlinux..text.show", text_, {{8, R_X86_64_PC32, klp_, -4}}}};
  }

  void add_table(const std::string& name, std::int64_t addend) {
    const auto id = module_.add_section(
        {.name = name, .flags = SHF_ALLOC, .data = Bytes(4), .has_relocations = true});
    module_.sections[id].relocations = {{0, R_X86_64_PC32, show_, addend}};
  }
  void add_this_module(std::string_view name) {
    const auto init = module_.add_symbol(
        {.name = "init_module",
         .type = STT_FUNC,
         .section = module_.add_section(
             {.name = ".init.text", .flags = kCode, .data = Bytes(1, 0xcc)})});
    const auto exit = module_.add_symbol(
        {.name = "cleanup_module",
         .type = STT_FUNC,
         .section = module_.add_section(
             {.name = ".exit.text", .flags = kCode, .data = Bytes(1, 0xcc)})});
    elf::Section section{
        .name = ".gnu.linkonce.this_module",
        .flags = SHF_ALLOC | SHF_WRITE,
        .data = Bytes(896),
        .has_relocations = true,
        .relocations = {{312, R_X86_64_64, init, 0}, {800, R_X86_64_64, exit, 0}}};
    std::ranges::copy(name, section.data.begin() + 24);
    module_.add_section(section);
  }
  /// An alternative for three bytes of show, whose replacement begins at that place.
  void add_alternative(std::int64_t at, std::int64_t replacement) {
    const auto code = module_.section_symbol(module_.add_section(
        {.name = ".altinstr_replacement",
         .flags = kCode,
         .data = Bytes(static_cast<std::size_t>(replacement) + 3, 0x90)}));
    module_.add_section({.name = ".altinstructions",
                         .flags = SHF_ALLOC,
                         .data = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3},
                         .has_relocations = true,
                         .relocations = {{0, R_X86_64_PC32, show_, at},
                                         {4, R_X86_64_PC32, code, replacement}}});
  }
  void add_exception(std::int64_t at, std::int64_t fixup) {
    module_.add_section({.name = "__ex_table",
                         .flags = SHF_ALLOC,
                         .data = Bytes(12),
                         .has_relocations = true,
                         .relocations = {{0, R_X86_64_PC32, show_, at},
                                         {4, R_X86_64_PC32, show_, fixup}}});
  }
  /// A record for show of vmlinux; its names lie in .kpatch.strings.
  void add_records() {
    constexpr std::string_view kTexts("show\0vmlinux\0", 13);
    const auto strings =
        module_.add_section({.name = ".kpatch.strings",
                             .flags = SHF_ALLOC,
                             .data = Bytes(kTexts.begin(), kTexts.end())});
    strings_ = module_.section_symbol(strings);
    module_.add_section({.name = ".kpatch.funcs",
                         .flags = SHF_ALLOC,
                         .data = Bytes(56),
                         .has_relocations = true,
                         .relocations = {{0, R_X86_64_64, show_, 0},
                                         {40, R_X86_64_64, strings_, 0},
                                         {48, R_X86_64_64, strings_, 5}}});
  }
  /// Names of other functions and objects for the record.
  void rename_record(std::string_view function, std::string_view object) {
    Bytes& data = section(".kpatch.strings").data;
    data.assign(function.begin(), function.end());
    data.push_back(0);
    section(".kpatch.funcs").relocations[2].addend =
        static_cast<std::int64_t>(data.size());
    data.insert(data.end(), object.begin(), object.end());
    data.push_back(0);
  }
  elf::Section& section(const char* name) {
    return module_.sections[module_.find_section(name)];
  }
  void set_modinfo(const std::string& text) {
    elf::SectionId id = module_.find_section(".modinfo");
    if (!id)
      id = module_.add_section({.name = ".modinfo", .flags = SHF_ALLOC});
    module_.sections[id].data = Bytes(text.begin(), text.end());
  }
  elf::SymbolId add_livepatch(const std::string& name) {
    return module_.add_symbol(
        {.name = name, .binding = STB_GLOBAL, .reserved_index = kLivepatchIndex});
  }
  void drop(const char* section) {
    module_.sections[module_.find_section(section)].relocations.clear();
  }

  std::vector<std::string> codes() const {
    const ModuleRules rules{
        .release = "6.1.0-1-test",
        .has_orc = true,
        .image = [this](std::string_view object) {
          return object == "vmlinux" ? &image_ : object == "loop" ? &loop_ : nullptr;
        }};
    std::vector<std::string> result;
    for (const Problem& problem : check_module(module_, rules))
      result.push_back(problem.code);
    return result;
  }

  image::Image image_;
  image::Image loop_{"loop.ko",
                     std::endian::little,
                     {{.name = ".text", .address = 0x1000, .size = 32},
                      {.name = ".init.text", .address = 0x2000, .size = 32}},
                     {{.name = "twice", .address = 0x1000},
                      {.name = "twice", .address = 0x1010},
                      {.name = "setup", .address = 0x2000},
                      {.name = "mixed", .address = 0x2010},
                      {.name = "mixed", .address = 0x1018}}};
  elf::Object module_;
  elf::SectionId text_ = 0;
  elf::SymbolId show_ = 0, thunk_ = 0, klp_ = 0, strings_ = 0;
};

TEST_F(LoaderRules, AreKeptByAGoodModule) {
  EXPECT_THAT(codes(), IsEmpty());
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
                        {8, R_X86_64_PC32, show_, 16}};
  EXPECT_THAT(codes(), IsEmpty());
  data[6] = 1;
  places.relocations[1].addend = 16;
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
    {"JumpTable", "KP5007",
     [](LoaderRules& r) {
       r.module_.add_section({.name = "__jump_table", .data = Bytes(24)});
     }},
    {"StaticCallSites", "KP5007",
     [](LoaderRules& r) {
       r.module_.add_section({.name = ".static_call_sites", .data = Bytes(12)});
     }},
    {"RetpolineSites", "KP5007",
     [](LoaderRules& r) {
       r.module_.add_section({.name = ".retpoline_sites", .data = Bytes(5)});
     }},
    {"SmpLocks", "KP5007",
     [](LoaderRules& r) {
       r.module_.add_section({.name = ".smp_locks", .data = Bytes(3)});
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

INSTANTIATE_TEST_SUITE_P(OfModules, Faults, testing::ValuesIn(kFaults),
                         [](const auto& information) {
                           return std::string(information.param.name);
                         });

} // namespace
} // namespace kpatch::verify
