// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads what kbuild recorded of a command, quoting as a shell has it included.
#include "fuzz/fuzz.h"
#include "kernel/recorded_command.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    kernel::parse_recorded_command(fuzz::as_text(input), "input.cmd");
  });
}
