// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds the code of one object in another that plays the shipped module.
#include "fuzz/fuzz.h"
#include "match/match.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    const std::string_view text = fuzz::as_text(input);
    const std::size_t border = std::min(text.find(fuzz::kBorder), input.size());
    const elf::Object unit = elf::read_object(input.first(border), "unit.o");
    const std::size_t rest = std::min(border + fuzz::kBorder.size(), input.size());
    const elf::Object module = elf::read_object(input.subspan(rest), "module.ko");
    if (match::can_match(unit))
      match::match_unit(unit, image::module_image(module, "module"));
  });
}
