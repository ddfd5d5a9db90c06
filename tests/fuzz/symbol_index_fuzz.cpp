// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the text of a symbol table, each entry of it, and all that share its name.
#include "fuzz/fuzz.h"
#include "image/symbol_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    const auto index = image::SymbolIndex::from_readelf(std::string(fuzz::as_text(input)),
                                                        "vmlinux.symtab");
    index.named("");
    for (image::EntryId id = 0; id < index.size(); ++id) {
      image::IndexedSymbol symbol;
      if (index.get(id, symbol))
        index.named(symbol.name);
    }
  });
}
