// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads what a module file says about itself.
#include "elf/module_signature.h"
#include "fuzz/fuzz.h"
#include "runtime/module_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    elf::read_signature(input);
    const runtime::ModuleFile module =
        runtime::describe_module(elf::read_object(input, "input"));
    module.needed();
    module.wanted();
    module.release();
  });
}
