// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts about a kernel: its configuration, what its makefiles printed, what apt says of
// packages, what the kernel logged.
#include "distro/debian_archive.h"
#include "fuzz/fuzz.h"
#include "kernel/config.h"
#include "kernel/makefile_units.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    const std::string_view text = fuzz::as_text(input);
    fuzz::try_step([&] { kernel::Config::parse(text, ".config"); });
    fuzz::try_step([&] { kernel::parse_makefile_units(text, "/nonexistent"); });
    fuzz::try_step([&] { distro::parse_madison(text); });
    for (const distro::ControlFields& package : distro::parse_control(text))
      fuzz::try_step([&] {
        distro::kernel_source_version(package);
        distro::packaging_file(distro::source_package(package));
      });
    fuzz::try_step([&] { distro::dependency_with_prefix(text, "linux-"); });
  });
}
