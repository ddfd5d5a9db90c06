// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/kallsyms.h"
#include "kallsyms_table.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kpatch::image {
namespace {

using test::AddressForm;
using test::KallsymsForm;
using test::KallsymsTable;
using test::kFormOf7;
using test::sample_symbols;

std::optional<std::vector<Kallsym>> decode(std::span<const std::uint8_t> section,
                                           std::endian order = std::endian::little) {
  return decode_kallsyms(section, KallsymsTable::kAddress, order);
}

bool comes_back(const std::vector<Kallsym>& symbols, KallsymsForm form) {
  return decode(KallsymsTable(symbols, form).section(), form.order) == symbols;
}

TEST(Kallsyms, ReadsAbsoluteAddresses) {
  EXPECT_TRUE(comes_back(sample_symbols(), {.addresses = AddressForm::kAbsolute}));
}

TEST(Kallsyms, ReadsOffsetsFromABase) {
  EXPECT_TRUE(comes_back(sample_symbols(), {.addresses = AddressForm::kRelative}));
}

TEST(Kallsyms, ReadsThoseOfAKernelAtTheStartOfTheAddressSpace) { // s390x
  constexpr std::uint64_t kDown = 0xffffffff80f00000;
  std::vector<Kallsym> symbols = sample_symbols();
  for (Kallsym& symbol : symbols)
    symbol.address -= kDown;
  const KallsymsForm form = {.addresses = AddressForm::kRelative, .base = 0x100000};
  EXPECT_EQ(decode_kallsyms(KallsymsTable(symbols, form).section(),
                            KallsymsTable::kAddress - kDown, form.order),
            symbols);
}

TEST(Kallsyms, ReadsAddressesOfPercpuVariables) {
  std::vector<Kallsym> symbols = sample_symbols();
  symbols.insert(symbols.begin(),
                 {{0, 'D', "__per_cpu_start"}, {0x1f440, 'd', "pcpu_hot"}});
  EXPECT_TRUE(comes_back(symbols, {.addresses = AddressForm::kAbsolutePercpu}));
}

TEST(Kallsyms, ReadsTheOrderByNameBetweenNamesAndTokens) {
  EXPECT_TRUE(comes_back(sample_symbols(), {.with_seqs = true}));
}

TEST(Kallsyms, ReadsAddressesBehindTheTokens) {
  EXPECT_TRUE(comes_back(sample_symbols(), {.addresses_last = true, .with_seqs = true}));
  EXPECT_TRUE(comes_back(
      sample_symbols(),
      {.addresses = AddressForm::kRelative, .addresses_last = true, .with_seqs = true}));
}

TEST(Kallsyms, ReadsTheOtherByteOrder) {
  EXPECT_TRUE(comes_back(sample_symbols(), {.order = std::endian::big}));
}

TEST(Kallsyms, ReadsAddressesThatCountFromTheirPlace) {
  EXPECT_TRUE(comes_back(sample_symbols(), kFormOf7));
  for (const std::size_t alignment : {4U, 8U})
    for (const std::endian order : {std::endian::little, std::endian::big}) {
      KallsymsForm form = kFormOf7;
      form.alignment = alignment;
      form.order = order;
      EXPECT_TRUE(comes_back(sample_symbols(), form)) << alignment;
    }
}

TEST(Kallsyms, ReadsPartsWhereverFourDivides) {
  // A symbol more or less moves every part behind the names.
  std::vector<Kallsym> symbols = sample_symbols();
  for (int i = 0; i < 9; ++i) {
    symbols.push_back({0xffffffff81200000, 'd', "more" + std::to_string(i)});
    EXPECT_TRUE(comes_back(symbols, kFormOf7)) << i;
  }
}

TEST(Kallsyms, ReadsTheLongestNames) {
  std::vector<Kallsym> symbols = sample_symbols();
  symbols.push_back({0xffffffff81200000, 't', std::string(511, 'r')});
  EXPECT_TRUE(comes_back(symbols, kFormOf7));
  EXPECT_TRUE(comes_back(symbols, {}));
}

TEST(Kallsyms, TakesNoFewSymbolsForATable) {
  std::vector<Kallsym> symbols = sample_symbols();
  symbols.resize(999);
  EXPECT_FALSE(decode(KallsymsTable(symbols, {}).section()));
  EXPECT_FALSE(decode(KallsymsTable(symbols, kFormOf7).section()));
}

TEST(Kallsyms, DemandsThatTheTokensFollowTheMarkers) {
  const std::vector<Kallsym> symbols = sample_symbols();
  Bytes section = KallsymsTable(symbols, {}).section();
  const std::string first_tokens = std::string("zero\0\1\0", 7);
  const auto tokens = std::search(section.begin(), section.end(), first_tokens.begin(),
                                  first_tokens.end());
  ASSERT_NE(tokens, section.end());
  section.insert(tokens, 16, 0xff);
  EXPECT_FALSE(decode(section));
}

TEST(Kallsyms, FindsNothingWhereThereIsNone) {
  EXPECT_FALSE(decode({}));
  EXPECT_FALSE(decode(Bytes(100'000)));
}

TEST(Kallsyms, FindsNothingInATableThatIsCutOff) {
  const Bytes whole = KallsymsTable(sample_symbols(), {}).section();
  for (std::size_t size = 0; size + 32 < whole.size(); size += 97)
    EXPECT_FALSE(decode(std::span(whole).first(size)));
}

TEST(Kallsyms, SurvivesDamage) {
  const Bytes whole = KallsymsTable(sample_symbols(), {}).section();
  for (std::size_t at = 0; at < whole.size(); at += 29) {
    Bytes damaged = whole;
    damaged[at] ^= 0x81;
    decode(damaged);
  }
}

} // namespace
} // namespace kpatch::image
