// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/module_rules.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::verify {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint16_t kLivepatchIndex = 0xff20;

/// A module that keeps all rules, for tests to break one.
class LoaderRules : public testing::Test {
 protected:
  LoaderRules()
      : image_("vmlinux", std::endian::little,
               {
  },
               {{.name = "count", .address = 16},
                {.name = "count", .address = 32},
                {.name = "once", .address = 48}}) {
    module_.label = "livepatch-x.ko";
    module_.header.machine = EM_X86_64;
    text_ = module_.add_section({.name = ".text.show",
                                 .flags = SHF_ALLOC | SHF_EXECINSTR,
                                 .data = Bytes(16, 0x90),
                                 .has_relocations = true});
    std::ranges::fill_n(module_.sections[text_].data.begin() + 4, 4, 0);
    show_ = module_.add_symbol(
        {.name = "show", .type = STT_FUNC, .section = text_, .size = 16});
    thunk_ = module_.add_symbol({.name = "__x86_return_thunk", .binding = STB_GLOBAL});
    module_.sections[text_].relocations = {
        {12, R_X86_64_PLT32, thunk_, -4}
    };
    add_table(".return_sites", 11);
    add_table(".orc_unwind_ip", 0);
    set_modinfo(std::string("livepatch=Y\0vermagic=6.1.0-1-test SMP mod_unload\0", 48));
    klp_ = add_livepatch(".klp.sym.vmlinux.count,2");
    module_.livepatch = {
        {".klp.rela.vmlinux..text.show", text_, {{4, R_X86_64_PC32, klp_, -4}}}
    };
  }

  void add_table(const std::string& name, std::int64_t addend) {
    const auto id = module_.add_section(
        {.name = name, .flags = SHF_ALLOC, .data = Bytes(4), .has_relocations = true});
    module_.sections[id].relocations = {
        {0, R_X86_64_PC32, show_, addend}
    };
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

  kernel::Image image_;
  kernel::Image loop_{
      "loop.ko",
      std::endian::little,
      {{.name = ".text", .address = 0x1000, .size = 32},
                        {.name = ".init.text", .address = 0x2000, .size = 32}},
      { {.name = "twice", .address = 0x1000},
                        {.name = "twice", .address = 0x1010},
                        {.name = "setup", .address = 0x2000},
                        {.name = "mixed", .address = 0x2010},
                        {.name = "mixed", .address = 0x1018}}
  };
  elf::Object module_;
  elf::SectionId text_ = 0;
  elf::SymbolId show_ = 0, thunk_ = 0, klp_ = 0;
};

TEST_F(LoaderRules, AreKeptByAGoodModule) {
  EXPECT_THAT(codes(), IsEmpty());
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
  module_.livepatch[0].name = ".klp.rela.ip_vs..text.show";
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
  module_.sections[text_].data[7] = 1;
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
}

TEST_F(LoaderRules, WantOneRelocationForAField) {
  module_.sections[text_].relocations.push_back({6, R_X86_64_PC32, show_, -4});
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
  module_.sections[text_].relocations.pop_back();
  auto& table = module_.livepatch[0].relocations;
  table.push_back(table.front());
  EXPECT_THAT(codes(), ElementsAre("KP5001", "KP5001"));
}

TEST_F(LoaderRules, LetFieldsLieSideBySide) {
  std::ranges::fill(module_.sections[text_].data, 0);
  module_.livepatch[0].relocations[0].type = R_X86_64_64;
  module_.sections[text_].relocations.push_back({0, R_X86_64_PC32, show_, 0});
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(LoaderRules, WantFieldsInsideOfTheirSections) {
  module_.livepatch[0].relocations[0].offset = 13;
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
}

TEST_F(LoaderRules, WantUnwindDataForEveryFunction) {
  drop(".orc_unwind_ip");
  EXPECT_THAT(codes(), ElementsAre("KP5003"));
}

TEST_F(LoaderRules, WantEveryReturnListed) {
  drop(".return_sites");
  EXPECT_THAT(codes(), ElementsAre("KP5004"));
}

TEST_F(LoaderRules, WantTheKernelsVersion) {
  set_modinfo(std::string("livepatch=Y\0vermagic=6.1.0-2-test SMP\0", 37));
  EXPECT_THAT(codes(), ElementsAre("KP5005"));
}

TEST_F(LoaderRules, WantTheModuleToSayWhatItIs) {
  set_modinfo(std::string("vermagic=6.1.0-1-test SMP\0", 26));
  EXPECT_THAT(codes(), ElementsAre("KP5001"));
}

TEST_F(LoaderRules, WantNoConstantThatOnlyBootingFillsIn) {
  const Bytes constant = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01};
  std::ranges::copy(constant, module_.sections[text_].data.begin() + 8);
  EXPECT_THAT(codes(), ElementsAre("KP5006"));
}

} // namespace
} // namespace kpatch::verify
