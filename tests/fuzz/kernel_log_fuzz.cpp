// SPDX-License-Identifier: GPL-2.0-or-later
//
// Looks through a kernel log for complaints and transitions.
#include "fuzz/fuzz.h"
#include "runtime/kernel_log.h"

#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    std::istringstream text{std::string(fuzz::as_text(input))};
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);)
      lines.push_back(line);
    runtime::find_complaints(lines);
    runtime::find_transitions(lines);
  });
}
