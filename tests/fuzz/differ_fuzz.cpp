// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compares two objects. The parent's symbols are the original's own, so that a change
// gets through all passes and, where a delta comes of it, into an intermediate object.
#include "diff/object_builder.h"
#include "fuzz/fuzz.h"
#include "klp/intermediate.h"

#include <algorithm>

namespace {

using namespace kpatch;

const special::StructSizes kSizes = {{"alt_instr", 12},
                                     {"bug_entry", 12},
                                     {"exception_table_entry", 12},
                                     {"jump_entry", 16},
                                     {"paravirt_patch_site", 16},
                                     {"static_call_site", 8},
                                     {"fixup_entry", 48},
                                     {"orc_entry", 6}};

void compare(std::span<const std::uint8_t> input) {
  const std::size_t border = fuzz::as_text(input).find(fuzz::kBorder);
  if (border == std::string_view::npos)
    return;
  const elf::Object original = elf::read_object(input.first(border), "original.o");
  const elf::Object patched =
      elf::read_object(input.subspan(border + fuzz::kBorder.size()), "patched.o");
  diff::testing::Diffing diffing;
  diffing.sizes = kSizes;
  for (const bool klp_arch : {false, true}) {
    diffing.klp_arch = klp_arch;
    diff::Result result = diffing.run(original, patched);
    if (result.delta)
      elf::write_object(klp::make_intermediate(std::move(*result.delta)));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::run(data, size, compare);
}
