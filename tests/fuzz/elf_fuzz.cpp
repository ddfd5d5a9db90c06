// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads an object and writes it; what was written is read again.
#include "elf/object.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return kpatch::fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    const kpatch::elf::Object object = kpatch::elf::read_object(input, "input.o");
    kpatch::elf::read_object(kpatch::elf::write_object(object), "again.o");
  });
}
