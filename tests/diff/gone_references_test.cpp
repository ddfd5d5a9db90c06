// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/object_builder.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;
const Bytes kCall = {0xe8, 0, 0, 0, 0, kRet};
const Bytes kNops = {kNop, kNop, kNop, kNop, kNop, kRet};

enum class Body { kPlain, kUses, kUsesAndMore };

/// show() and something in `section`, which show() may use.
ObjectBuilder unit(Body body, const std::string& section, std::uint64_t flags,
                   bool has_thing = true) {
  ObjectBuilder builder;
  Bytes code = body == Body::kPlain ? kNops : kCall;
  if (body == Body::kUsesAndMore)
    code.push_back(kNop);
  builder.function("show", code);
  if (has_thing) {
    const auto home = builder.section(
        {.name = section, .flags = flags | SHF_ALLOC, .data = Bytes(16, kRet)});
    builder.define("thing", flags & SHF_EXECINSTR ? STT_FUNC : STT_OBJECT, home, 16);
  }
  if (body != Body::kPlain)
    builder.add_relocation("show", 6, R_X86_64_PC32, builder.symbol("thing"), -4);
  return builder;
}

std::string problem(const Result& result) {
  return result.problems.empty()
             ? std::string()
             : result.problems[0].symbol + ": " + result.problems[0].message;
}

struct Gone {
  const char* section;
  std::uint64_t flags;
};
class GoneSections : public ::testing::TestWithParam<Gone> {};

TEST_P(GoneSections, AreRefusedWhereTheKernelHasThem) {
  const auto [section, flags] = GetParam();
  const Result result = Diffing().run(unit(Body::kPlain, section, flags).build(),
                                      unit(Body::kUses, section, flags).build());
  EXPECT_THAT(codes(result), ElementsAre("KP2017"));
  EXPECT_THAT(problem(result), HasSubstr("show: show newly uses thing in "));
}

TEST_P(GoneSections, MayBeUsedByCodeThatDidSoBefore) {
  const auto [section, flags] = GetParam();
  const Result result = Diffing().run(unit(Body::kUses, section, flags).build(),
                                      unit(Body::kUsesAndMore, section, flags).build());
  EXPECT_THAT(codes(result), IsEmpty());
  EXPECT_TRUE(says(result, "NOTICE: show refers to thing as before, which is gone once "
                           "its object has started"));
}

INSTANTIATE_TEST_SUITE_P(, GoneSections,
                         ::testing::Values(Gone{".init.text", SHF_EXECINSTR},
                                           Gone{".init.data", SHF_WRITE},
                                           Gone{".init.rodata", 0},
                                           Gone{".init.bss", SHF_WRITE},
                                           Gone{".exit.text", SHF_EXECINSTR}));

TEST(GoneReferences, OfAModuleAreRefusedToo) {
  Diffing diffing;
  diffing.parent = "dummy";
  const Result result =
      diffing.run(unit(Body::kPlain, ".init.text", SHF_EXECINSTR).build(),
                  unit(Body::kUses, ".init.text", SHF_EXECINSTR).build());
  EXPECT_THAT(codes(result), ElementsAre("KP2017"));
  EXPECT_THAT(problem(result), HasSubstr("freed once dummy has started"));
}

TEST(GoneReferences, ToExitCodeOfAModuleAreGood) {
  Diffing diffing;
  diffing.parent = "dummy";
  EXPECT_THAT(codes(diffing.run(unit(Body::kPlain, ".exit.text", SHF_EXECINSTR).build(),
                                unit(Body::kUses, ".exit.text", SHF_EXECINSTR).build())),
              IsEmpty());
}

TEST(GoneReferences, ToWhatThePatchAddsNameTheRemedy) {
  const Result result =
      Diffing().run(unit(Body::kPlain, ".init.data", SHF_WRITE, false).build(),
                    unit(Body::kUses, ".init.data", SHF_WRITE).build());
  ASSERT_THAT(codes(result), ElementsAre("KP2017"));
  EXPECT_THAT(problem(result), HasSubstr("freed once the patch module has started"));
  EXPECT_THAT(result.problems[0].remedy, HasSubstr("Take the __init"));
}

/// The kernel has `thing` in another unit, before or behind the end of init memory.
Result with_kernel(const std::vector<std::string>& globals) {
  Diffing diffing;
  diffing.more_globals = globals;
  return diffing.run(unit(Body::kPlain, "", 0, false).build(),
                     unit(Body::kUses, "", 0, false).build());
}

TEST(GoneReferences, AreSeenByTheAddressInTheKernel) {
  const Result result = with_kernel({"__init_begin", "thing", "__init_end"});
  EXPECT_THAT(codes(result), ElementsAre("KP2017"));
  EXPECT_THAT(problem(result), HasSubstr("thing (init memory of vmlinux), which is "
                                         "freed once vmlinux has started"));
  EXPECT_THAT(result.problems[0].remedy, HasSubstr("what the kernel keeps"));
  EXPECT_THAT(codes(with_kernel({"__init_begin", "__init_end", "thing"})), IsEmpty());
}

TEST(GoneReferences, AreNotThoseToPerCpuVariables) {
  EXPECT_THAT(codes(with_kernel({"__init_begin", "__per_cpu_start", "thing",
                                 "__per_cpu_end", "__init_end"})),
              IsEmpty());
}

TEST(GoneReferences, OfNewDataAreRefused) {
  const auto make = [](bool is_patched) {
    ObjectBuilder builder = unit(Body::kPlain, ".init.text", SHF_EXECINSTR);
    if (!is_patched)
      return builder;
    const elf::SymbolId operations = builder.variable("operations", Bytes(8));
    builder.add_relocation("operations", 0, R_X86_64_64, builder.symbol("thing"), 0);
    builder.function("walk", kCall);
    builder.add_relocation("walk", 6, R_X86_64_PC32, operations, -4);
    return builder;
  };
  const Result result = Diffing().run(make(false).build(), make(true).build());
  EXPECT_THAT(codes(result), ElementsAre("KP2017"));
  EXPECT_THAT(problem(result), HasSubstr("operations newly points to thing"));
}

} // namespace
} // namespace kpatch::diff
