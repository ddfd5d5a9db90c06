// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/kallsyms.h"
#include "kallsyms_table.h"

#include <gtest/gtest.h>

namespace kpatch::image {
namespace {

using test::AddressForm;
using test::KallsymsForm;
using test::KallsymsTable;
using test::sample_symbols;

bool comes_back(const std::vector<Kallsym>& symbols, KallsymsForm form) {
  return decode_kallsyms(KallsymsTable(symbols, form).section(), form.order) == symbols;
}

TEST(Kallsyms, ReadsAbsoluteAddresses) {
  EXPECT_TRUE(comes_back(sample_symbols(), {.addresses = AddressForm::kAbsolute}));
}

TEST(Kallsyms, ReadsOffsetsFromABase) {
  EXPECT_TRUE(comes_back(sample_symbols(), {.addresses = AddressForm::kRelative}));
}

TEST(Kallsyms, ReadsAddressesOfPercpuVariables) {
  std::vector<Kallsym> symbols = sample_symbols();
  symbols.insert(symbols.begin(),
                 {
                     {0,       'D', "__per_cpu_start"},
                     {0x1f440, 'd', "pcpu_hot"       }
  });
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

TEST(Kallsyms, FindsNothingWhereThereIsNone) {
  EXPECT_FALSE(decode_kallsyms({}, std::endian::little));
  EXPECT_FALSE(decode_kallsyms(Bytes(100'000), std::endian::little));
}

TEST(Kallsyms, FindsNothingInATableThatIsCutOff) {
  const Bytes whole = KallsymsTable(sample_symbols(), {}).section();
  for (std::size_t size = 0; size + 32 < whole.size(); size += 97)
    EXPECT_FALSE(decode_kallsyms(std::span(whole).first(size), std::endian::little));
}

TEST(Kallsyms, SurvivesDamage) {
  const Bytes whole = KallsymsTable(sample_symbols(), {}).section();
  for (std::size_t at = 0; at < whole.size(); at += 13) {
    Bytes damaged = whole;
    damaged[at] ^= 0x81;
    decode_kallsyms(damaged, std::endian::little);
  }
}

} // namespace
} // namespace kpatch::image
