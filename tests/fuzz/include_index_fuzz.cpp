// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the record of which file includes which, and asks it about every file.
#include "fuzz/fuzz.h"
#include "patch/include_index.h"

#include <algorithm>
#include <cassert>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    constexpr std::size_t kEnough = 64; // each question walks the whole index
    const auto index = patch::IncludeIndex::parse(fuzz::as_text(input), "includes");
    for (patch::IncludeIndex::FileId file = 0; file < std::min(index.size(), kEnough);
         ++file) {
      assert(index.find(index.path(file)) == file);
      index.reaching(file);
      index.closure(file);
      index.resolve(file, index.path(file), true);
    }
  });
}
