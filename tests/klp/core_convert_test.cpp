// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "klp/core_convert.h"
#include "klp/linked_module.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::klp {
namespace {

using klp::testing::LinkedModule;
using ::testing::HasSubstr;

constexpr std::uint64_t kAnchorAt = 0xffffffff81100000;

/// A linked module whose hook refers to the anchor.
struct ForCore : LinkedModule {
  ForCore() {
    anchor = module.add_symbol({.name = std::string(kAnchor), .binding = STB_GLOBAL});
  }

  std::string complaint() {
    try {
      convert_to_core(module, {.anchor = kAnchorAt, .build_id_at = 0, .build_id = {}});
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  elf::SymbolId anchor;
};

TEST(ConvertToCore, MakesDistancesFromTheAnchor) {
  ForCore linked;
  linked.add({.address = kAnchorAt + 0x1234});
  linked.add({.offset = 0x20, .addend = -4, .address = kAnchorAt - 0x1000});
  EXPECT_EQ(linked.complaint(), "");
  const std::vector<elf::Relocation> expected = {{.offset = 0x10,
                                                  .type = R_X86_64_PC32,
                                                  .symbol = linked.anchor,
                                                  .addend = 0x1234 - 4},
                                                 {.offset = 0x20,
                                                  .type = R_X86_64_PC32,
                                                  .symbol = linked.anchor,
                                                  .addend = -0x1000 - 4}};
  EXPECT_EQ(linked.relocations_of(".text.f"), expected);
  EXPECT_TRUE(
      linked.module.sections[linked.module.find_section(".text.f")].has_relocations);
  EXPECT_TRUE(linked.module.livepatch.empty());
  for (const char* gone : {".kpatch.symbols", ".kpatch.relocations"})
    EXPECT_EQ(linked.module.find_section(gone), elf::kNoSection) << gone;
}

TEST(ConvertToCore, RefusesWhatIsOfAModule) {
  ForCore linked;
  linked.add({.object = "ip_vs", .symbol = "ip_vs_in", .owner = "ip_vs"});
  EXPECT_THAT(linked.complaint(), HasSubstr("ip_vs_in is of module ip_vs"));
}

TEST(ConvertToCore, RefusesWhoseAddressIsNotKnown) {
  ForCore linked;
  linked.add({});
  EXPECT_THAT(linked.complaint(), HasSubstr("not known where the kernel has"));
}

TEST(ConvertToCore, RefusesWhatItsHookDoesNotServe) {
  for (const char* section : {".kpatch.words", ".kpatch.states"}) {
    ForCore linked;
    linked.module.add_section({.name = section, .data = Bytes(8)}); // nobody has any
    EXPECT_EQ(linked.complaint(), "") << section;
    ForCore served;
    served.module.add_section({.name = section, .data = Bytes(64)});
    EXPECT_THAT(served.complaint(), HasSubstr("does not do yet")) << section;
  }
}

TEST(ConvertToCore, WantsAHookThatRefersToTheAnchor) {
  LinkedModule linked;
  EXPECT_THROW(convert_to_core(linked.module, {}), Error);
}

} // namespace
} // namespace kpatch::klp
