// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/symbol_index.h"

#include <gtest/gtest.h>

namespace kpatch::image {
namespace {

/// As readelf of binutils 2.40 prints symbols of ppc64le: what the processor keeps in
/// st_other stands between visibility and section.
TEST(SymbolIndex, ReadsPastTheProcessorsPartOfStOther) {
  const SymbolIndex index = SymbolIndex::from_readelf(
      "Symbol table '.symtab' contains 3 entries:\n"
      "   Num:    Value          Size Type    Bind   Vis      Ndx Name\n"
      "     1: c000000000000010   100 FUNC    GLOBAL DEFAULT [<localentry>: 8]     2 f\n"
      "     2: c000000000000080    16 FUNC    GLOBAL DEFAULT [VARIANT_PCS]   UND g\n",
      "symtab");
  IndexedSymbol symbol;
  ASSERT_EQ(index.named("f").size(), 1U);
  ASSERT_TRUE(index.get(index.named("f")[0], symbol));
  EXPECT_EQ(symbol.name, "f");
  EXPECT_EQ(symbol.value, 0xc000000000000010);
  EXPECT_EQ(symbol.size, 100U);
  for (const EntryId id : index.named("g"))
    EXPECT_FALSE(index.get(id, symbol));
}

} // namespace
} // namespace kpatch::image
