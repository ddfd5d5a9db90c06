// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "klp/code_sites.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

/// A module with one function that returns through the thunk.
class CodeSites : public testing::Test {
 protected:
  CodeSites() {
    module.label = "patch.ko";
    module.header.machine = EM_X86_64;
    text = module.add_section({.name = ".text.f",
                               .flags = SHF_ALLOC | SHF_EXECINSTR,
                               .data = {0xe9, 0, 0, 0, 0},
                               .has_relocations = true});
    start = module.section_symbol(text);
    module.add_symbol({.name = "f", .type = STT_FUNC, .section = text, .size = 5});
    const elf::SymbolId thunk =
        module.add_symbol({.name = "__x86_return_thunk", .binding = STB_GLOBAL});
    module.sections[text].relocations = {{1, R_X86_64_PLT32, thunk, -4}};
  }

  void add_table(const char* name, std::int64_t place) {
    module.add_section({.name = name,
                        .flags = SHF_ALLOC,
                        .data = Bytes(4),
                        .has_relocations = true,
                        .relocations = {{0, R_X86_64_PC32, start, place}}});
  }

  std::string complaint(const std::string& config) {
    try {
      check_code_sites(module, kernel::Config::parse(config, "config"));
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }

  elf::Object module;
  elf::SectionId text = elf::kNoSection;
  elf::SymbolId start = elf::kNoSymbol;
};

TEST_F(CodeSites, NeedUnwindDataForEveryFunction) {
  EXPECT_EQ(complaint("CONFIG_UNWINDER_ORC=y\n"), "patch.ko: f has no unwind data");
  EXPECT_EQ(complaint(""), "");
  add_table(".orc_unwind_ip", 3); // that of a place behind its start is not enough
  EXPECT_EQ(complaint("CONFIG_UNWINDER_ORC=y\n"), "patch.ko: f has no unwind data");
  add_table(".orc_unwind_ip", 0);
  EXPECT_EQ(complaint("CONFIG_UNWINDER_ORC=y\n"), "");
}

TEST_F(CodeSites, NeedEveryReturnListed) {
  const std::string config = "CONFIG_MITIGATION_RETHUNK=y\n";
  EXPECT_EQ(complaint(config), "patch.ko: the return at .text.f+0x0 is not listed");
  add_table(".return_sites", 1);
  EXPECT_EQ(complaint(config), "patch.ko: the return at .text.f+0x0 is not listed");
  add_table(".return_sites", 0);
  EXPECT_EQ(complaint(config), "");
}

TEST_F(CodeSites, MayNotHoldConstantsThatTheKernelFillsInWhileBooting) {
  EXPECT_EQ(complaint(""), "");
  module.sections[text].data = {0x48, 0xb8, 0xef, 0xcd, 0xab,
                                0x89, 0x67, 0x45, 0x23, 0x01};
  EXPECT_NE(complaint("").find("only a booting kernel"), std::string::npos);
}

} // namespace
} // namespace kpatch::klp
