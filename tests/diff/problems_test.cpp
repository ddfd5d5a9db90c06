// SPDX-License-Identifier: GPL-2.0-or-later
// One provocation for each problem code that no other test of the differ provokes.
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;

TEST(Problems, AChangedMemberOfASectionGroupIsRefused) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    const elf::SymbolId f = builder.function("f", {filler, kRet});
    builder.object().add_section({.name = ".group",
                                  .type = SHT_GROUP,
                                  .alignment = 4,
                                  .entry_size = 4,
                                  .group_flags = GRP_COMDAT,
                                  .group_members = {builder.object().symbols[f].section},
                                  .group_signature = f});
    return builder.build();
  };
  EXPECT_EQ(codes(Diffing().run(make(kNop), make(0xcc))),
            std::vector<std::string>{code::kChangedGroup});
}

TEST(Problems, DebugInformationOfAnotherShapeIsNone) {
  const auto make = [](std::uint8_t filler, std::uint64_t alignment) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet});
    builder.section(
        {.name = ".debug_aranges", .alignment = alignment, .data = Bytes(64)});
    return builder.build();
  };
  EXPECT_EQ(codes(Diffing().run(make(kNop, 16), make(0xcc, 1))),
            std::vector<std::string>{});
}

TEST(Problems, LiveDataThatWouldBeReplacedIsRefused) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("f", {0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, filler, kRet});
    const elf::SectionId data = builder.section(
        {.name = ".data..read_mostly", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(8)});
    builder.add_relocation("f", 9, R_X86_64_32S, builder.object().section_symbol(data),
                           0);
    return builder.build();
  };
  const Result result = Diffing().run(make(kNop), make(0xcc));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kIncludedData});
  EXPECT_EQ(result.problems[0].symbol, ".data..read_mostly");
}

TEST(Problems, AStaticCallWhoseKeyAModuleOwnsIsRefused) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet});
    const elf::SectionId sites = builder.section(
        {.name = ".static_call_sites", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(8)});
    builder.relocate(sites, {0, R_X86_64_PC32, builder.symbol("f"), 5});
    builder.relocate(sites, {4, R_X86_64_PC32, builder.symbol("__SCK__ops"), 0});
    return builder.build();
  };
  Diffing diffing;
  diffing.sizes["static_call_site"] = 8;
  diffing.symvers =
      image::Symvers::parse("0x0\t__SCK__ops\tdrivers/foo\tEXPORT_SYMBOL\t\n"
                            "0x0\tother\tvmlinux\tEXPORT_SYMBOL\t\n",
                            "Module.symvers");
  EXPECT_EQ(codes(diffing.run(make(kNop), make(0xcc))),
            std::vector<std::string>{code::kStaticCall});
}

TEST(Problems, ASiblingCallOnPpc64IsRefused) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.object().header.machine = EM_PPC64;
    // bl _mcount; b other; a word that may differ
    builder.plain_function("f", {1, 0, 0, 0x48, 0, 0, 0, 0x48, filler, 0, 0, 0x60});
    builder.add_relocation("f", 0, R_PPC64_REL24, builder.symbol("_mcount"), 0);
    builder.add_relocation("f", 4, R_PPC64_REL24, builder.symbol("other"), 0);
    return builder.build();
  };
  const Result result = Diffing().run(make(0), make(1));
  EXPECT_EQ(result.exit, Exit::kError);
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kSiblingCall});
  EXPECT_NE(result.problems[0].message.find("f()+0x4"), std::string::npos);
}

} // namespace
} // namespace kpatch::diff
