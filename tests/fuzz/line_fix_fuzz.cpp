// SPDX-License-Identifier: GPL-2.0-or-later
//
// Line numbers kept over a change: whatever the texts are, the tokens stay the patched
// ones.
#include "fuzz/fuzz.h"
#include "patch/line_fix.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    const std::string_view text = fuzz::as_text(input);
    const std::size_t border = std::min(text.find(fuzz::kBorder), text.size());
    patch::with_original_lines(
        text.substr(0, border),
        text.substr(std::min(border + fuzz::kBorder.size(), text.size())));
  });
}
