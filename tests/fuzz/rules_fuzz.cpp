// SPDX-License-Identifier: GPL-2.0-or-later
//
// Judges whatever comes as a finished module.
#include "fuzz/fuzz.h"
#include "verify/module_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    verify::check_module(elf::read_object(input, "input"),
                         {.release = "6.1.0-56-cloud-amd64",
                          .has_orc = true,
                          .image = [](std::string_view) { return nullptr; }});
  });
}
