// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whatever comes as a kernel, as a module, or as the section that holds a kernel's own
// symbol table.
#include "fuzz/fuzz.h"
#include "image/boot_image.h"
#include "image/image.h"
#include "image/kallsyms.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    image::decode_kallsyms(input, 0xffffffff82000000, std::endian::little);
    fuzz::try_step([&] { image::kernel_image(image::vmlinux_inside(input, "k"), "k"); });
    fuzz::try_step([&] { image::module_image(elf::read_object(input, "m"), "m"); });
  });
}
