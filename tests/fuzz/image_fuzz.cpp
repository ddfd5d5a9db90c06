// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whatever comes as a kernel, as a module, or as the section that holds a kernel's own
// symbol table.
#include "fuzz/fuzz.h"
#include "kernel/boot_image.h"
#include "kernel/image.h"
#include "kernel/kallsyms.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    kernel::decode_kallsyms(input, std::endian::little);
    fuzz::try_step(
        [&] { kernel::kernel_image(kernel::vmlinux_inside(input, "k"), "k"); });
    fuzz::try_step([&] { kernel::module_image(elf::read_object(input, "m"), "m"); });
  });
}
