// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads a source patch.
#include "build/patch_file.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    build::parse_patch(fuzz::as_text(input), "input.patch");
  });
}
