// SPDX-License-Identifier: GPL-2.0-or-later
//
// C text that no compiler has seen: tokens, items, includes, macro calls, and types kept
// over a change. The input is the original and the patched text with a border between
// them.
#include "fuzz/fuzz.h"
#include "patch/c_lexer.h"
#include "patch/macro_calls.h"
#include "patch/source_items.h"
#include "patch/without_types.h"
#include "produce/touched_types.h"

#include <algorithm>
#include <cassert>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    const std::string_view text = fuzz::as_text(input);
    const std::size_t border = std::min(text.find(fuzz::kBorder), text.size());
    const std::string_view original = text.substr(0, border);
    const std::string_view patched =
        text.substr(std::min(border + fuzz::kBorder.size(), text.size()));
    std::deque<std::string> texts;
    patch::with_calls_expanded(patch::source_items(original), texts);
    patch::inclusions(original);
    for (const std::string& type :
         produce::types_defined_differently(original, patched)) {
      if (const auto rest = patch::without_types(original, patched, {type}))
        patch::source_items(*rest);
      const auto members = patch::members_of_another_type(original, patched, type);
      patch::changes_what_mentions(original, patched, members);
    }
    assert(patch::same_tokens(original, original));
    patch::same_tokens(original, patched);
  });
}
