// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/data_words.h"
#include "diff/object_builder.h"
#include "elf/word_record.h"
#include "klp/policy.h"
#include "klp/sealed_words.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

using namespace diff::testing;

/// A delta that sets a word of `table` from one() to two().
class Words : public ::testing::Test {
 protected:
  Words() {
    namespace layout = elf::word_record;
    for (const char* name : {"one", "two"})
      index_.add({.name = name,
                  .value = name == std::string("one") ? kOne : kTwo,
                  .size = 16,
                  .type = STT_FUNC,
                  .binding = STB_GLOBAL});
    delta_.symbols.resize(1);
    const auto function = [&](const char* name) {
      delta_.symbols.push_back({});
      return delta_.object.add_symbol({.name = name, .binding = STB_GLOBAL});
    };
    delta_.words = {"table.show"};
    delta_.object.add_section(
        {.name = std::string(diff::kDataWords),
         .data = Bytes(layout::kSize),
         .has_relocations = true,
         .relocations = {{layout::kBefore, R_X86_64_64, function("one"), 0},
                         {layout::kAfter, R_X86_64_64, function("two"), 0}}});
  }

  static constexpr std::uint64_t kOne = 0xffffffff81000100, kTwo = 0xffffffff81000200;
  image::SymbolIndex index_;
  image::Symvers symvers_;
  diff::Delta delta_{.inputs = {.label = "unit.o",
                                .parent = "vmlinux",
                                .parent_symbols = index_,
                                .symvers = symvers_}};
};

TEST_F(Words, DoNotLeadToFunctionsThatNoPointerMayLeadTo) {
  const std::vector<Problem> problems = sealed_words(delta_, {kTwo});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].code, "KP3001");
  EXPECT_EQ(problems[0].symbol, "two");
  EXPECT_NE(problems[0].message.find("table.show would point to two"), std::string::npos);
}

TEST_F(Words, ThatPointToAPatchedFunctionLeadToTheKernels) {
  elf::Symbol& two = delta_.object.symbols[delta_.object.find_symbol("two")];
  two.type = STT_FUNC;
  two.section = delta_.object.add_section({.name = ".text.two", .data = Bytes(16)});
  delta_.symbols[delta_.object.find_symbol("two")].status = diff::Status::kChanged;
  delta_.arch = &arch::arch_for(EM_X86_64, "unit.o");
  Resolver resolver(delta_);
  const auto marks = choose_livepatch_relocations(delta_, resolver);
  EXPECT_TRUE(marks[delta_.object.find_section(diff::kDataWords)][1]);
}

TEST_F(Words, MayHaveBeenSuchPointers) {
  EXPECT_TRUE(sealed_words(delta_, {kOne}).empty());
  EXPECT_TRUE(sealed_words(delta_, {}).empty());
}

} // namespace
} // namespace kpatch::klp
