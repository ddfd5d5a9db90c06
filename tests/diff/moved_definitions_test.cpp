// SPDX-License-Identifier: GPL-2.0-or-later
// Functions and variables that the kernel has from one unit and the patch from
// another.
#include "diff/patterns.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace kpatch::diff::testing;
using ::testing::Contains;

class MovedDefinitions : public ::testing::Test {
 protected:
  static elf::Object with(const std::function<void(ObjectBuilder&)>& add) {
    ObjectBuilder builder;
    builder.function("caller", {kRet});
    add(builder);
    return builder.build();
  }
  elf::Object original_ = with([](ObjectBuilder&) {});
  Diffing diffing_;
};

TEST_F(MovedDefinitions, OfFunctionsTakeTheKernelsPlace) {
  const elf::Object patched = with([](ObjectBuilder& builder) {
    builder.function("moved", {kNop, kRet});
  });
  EXPECT_THAT(lines(diffing_.run(original_, patched)), Contains("new function: moved"));
  diffing_.more_functions = {"moved"};
  EXPECT_THAT(lines(diffing_.run(original_, patched)),
              Contains("changed function: moved"));
}

TEST_F(MovedDefinitions, OfFunctionsWithoutEntryAreRefused) {
  diffing_.more_functions = {"moved"};
  EXPECT_EQ(codes(diffing_.run(original_, with([](ObjectBuilder& builder) {
                                 builder.plain_function("moved", {kNop, kRet});
                               }))),
            std::vector<std::string>{code::kNoFtraceEntry});
}

TEST_F(MovedDefinitions, OfVariablesAreRefused) {
  const elf::Object patched = with([](ObjectBuilder& builder) {
    builder.variable("moved", {1, 0, 0, 0}, STB_GLOBAL);
  });
  EXPECT_EQ(codes(diffing_.run(original_, patched)), std::vector<std::string>{});
  diffing_.more_globals = {"moved"};
  EXPECT_EQ(codes(diffing_.run(original_, patched)),
            std::vector<std::string>{code::kIncludedData});
}

TEST_F(MovedDefinitions, OfFunctionsWithTheirVariablesAreRefused) {
  const auto moved = [](const std::string& variable) {
    return with([&](ObjectBuilder& builder) {
      const elf::SymbolId id = builder.variable(variable, {1, 0, 0, 0});
      builder.function("moved", kMove);
      builder.function("helper", kMove, STB_LOCAL);
      builder.add_relocation("moved", kMoved, R_X86_64_32S, builder.symbol("helper"), 0);
      builder.add_relocation("helper", kMoved, R_X86_64_32S, id, 0);
    });
  };
  diffing_.more_functions = {"moved"};
  EXPECT_EQ(codes(diffing_.run(original_, moved("state"))), std::vector<std::string>{});
  EXPECT_EQ(codes(diffing_.run(original_, moved("state.0"))),
            std::vector<std::string>{code::kIncludedData});
  diffing_.more_symbols = {"state"};
  EXPECT_EQ(codes(diffing_.run(original_, moved("state"))),
            std::vector<std::string>{code::kIncludedData});
}

TEST_F(MovedDefinitions, ThatAreWeakGiveWayToTheKernels) {
  const auto calling = [](std::uint8_t body) {
    ObjectBuilder builder;
    builder.function("caller", {body, 0xe8, 0, 0, 0, 0, kRet});
    const elf::SymbolId given = builder.symbol("given");
    if (body == kOther)
      builder.function("given", {kRet}, STB_WEAK);
    builder.add_relocation("caller", 7, R_X86_64_PLT32, given, -4);
    return builder.build();
  };
  diffing_.more_functions = {"given"};
  const Result result = diffing_.run(calling(kNop), calling(kOther));
  EXPECT_THAT(lines(result), Contains("changed function: caller"));
  const elf::Object delta = delta_of(result);
  EXPECT_TRUE(delta.symbols[delta.find_symbol("given")].is_undefined());
  EXPECT_FALSE(has_section(delta, ".text.given"));
}

TEST_F(MovedDefinitions, OfLocalsOfOthersAreNew) {
  diffing_.more_symbols = {"moved"};
  EXPECT_THAT(lines(diffing_.run(original_, with([](ObjectBuilder& builder) {
                                   builder.function("moved", {kNop, kRet});
                                 }))),
              Contains("new function: moved"));
}

} // namespace
} // namespace kpatch::diff
