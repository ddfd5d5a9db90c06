// SPDX-License-Identifier: GPL-2.0-or-later
//
// Turns the records of a linked module into livepatch relocations.
#include "fuzz/fuzz.h"
#include "klp/convert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    elf::Object module = elf::read_object(input, "input.ko");
    elf::Object older = module;
    klp::convert_to_livepatch(module, {});
    elf::write_object(module);
    klp::convert_to_livepatch(older,
                              {.klp_arch_sections = true, .paravirt_site_size = 16});
    elf::write_object(older);
  });
}
