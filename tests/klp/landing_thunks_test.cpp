// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/object_builder.h"
#include "klp/intermediate.h"
#include "klp/landing_thunks.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

using namespace diff::testing;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint64_t kAddress = 0xffffffff81000100; // of `report`, which comes first

/// user(), which refers to report() of another unit by this relocation.
elf::Object unit(const Bytes& body, std::uint64_t offset, std::uint32_t type,
                 std::int64_t addend) {
  ObjectBuilder builder;
  builder.plain_function("report", {kRet});
  const elf::SymbolId report = builder.object().find_symbol("report");
  builder.function("user", body);
  builder.add_relocation("user", offset, type, report, addend);
  return builder.build();
}

/// The functions whose address user() takes, by what replaces its body.
class Sealed : public ::testing::Test {
 protected:
  std::vector<std::string> taken_by(const Bytes& body, std::uint64_t offset,
                                    std::uint32_t type, std::int64_t addend) {
    ObjectBuilder original;
    original.plain_function("report", {kRet});
    original.function("user", {kRet});
    result.emplace(diffing.run(original.build(), unit(body, offset, type, addend)));
    return sealed_references(*result->delta, sealed);
  }

  Diffing diffing;
  std::optional<diff::Result> result;
  std::set<std::uint64_t> sealed;
};

class SealedReport : public Sealed {
 protected:
  SealedReport() {
    for (std::uint64_t address = kAddress; address < kAddress + 0x400; address += 0x100)
      sealed.insert(address);
  }
};

const Bytes kMove = {0x48, 0xc7, 0xc0, 0, 0, 0, 0, kRet}; // mov $report, %rax
const Bytes kLoad = {0x48, 0x8d, 0x05, 0, 0, 0, 0, kRet}; // lea report(%rip), %rax
const Bytes kJump = {0xe9, 0, 0, 0, 0};                   // jmp report
const Bytes kJumpIf = {0x0f, 0x84, 0, 0, 0, 0, kRet};     // je report
using Names = std::vector<std::string>;

TEST_F(SealedReport, IsFoundWhereItsAddressIsTaken) {
  EXPECT_EQ(taken_by(kMove, 8, R_X86_64_32S, 0), Names{"report"});
  EXPECT_EQ(taken_by(kLoad, 8, R_X86_64_PC32, -4), Names{"report"});
}

TEST_F(SealedReport, MayBeCalledByItsName) {
  EXPECT_EQ(taken_by(kJump, 6, R_X86_64_PLT32, -4), Names{});
  EXPECT_EQ(taken_by(kJump, 6, R_X86_64_PC32, -4), Names{});
  EXPECT_EQ(taken_by(kJumpIf, 7, R_X86_64_PC32, -4), Names{});
}

TEST_F(Sealed, FunctionsAreOnlyThoseThatTheKernelSays) {
  EXPECT_EQ(taken_by(kMove, 8, R_X86_64_32S, 0), Names{});
}

TEST_F(SealedReport, GetsAThunkThatJumpsToIt) {
  taken_by(kMove, 8, R_X86_64_32S, 0);
  add_landing_thunks(*result->delta, sealed);
  const elf::Object& object = result->delta->object;
  const elf::SymbolId thunk = object.find_symbol("kpatch_thunk_report");
  ASSERT_TRUE(thunk);
  const elf::Section& code = object.sections[object.symbols[thunk].section];
  EXPECT_EQ(code.data, (Bytes{0xf3, 0x0f, 0x1e, 0xfa, 0xe9, 0, 0, 0, 0}));
  EXPECT_EQ(object.symbols[code.relocations.at(0).symbol].name, "report");
  EXPECT_EQ(sealed_references(*result->delta, sealed), Names{});
  const elf::Section& user =
      object.sections[object.symbols[object.find_symbol("user")].section];
  EXPECT_EQ(user.relocations.at(1).symbol, thunk);
}

} // namespace
} // namespace kpatch::klp
