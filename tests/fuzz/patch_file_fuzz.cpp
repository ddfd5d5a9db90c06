// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads a source patch.
#include "fuzz/fuzz.h"
#include "patch/patch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    patch::parse_patch(fuzz::as_text(input), "input.patch");
  });
}
