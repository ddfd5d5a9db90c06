// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads a Module.symvers and asks it for every word of itself.
#include "fuzz/fuzz.h"
#include "image/symvers.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    std::string_view rest = fuzz::as_text(input);
    const auto symvers = image::Symvers::parse(std::string(rest), "Module.symvers");
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find_first_of("\t\n"));
      symvers.exporter(word);
      symvers.import_namespace(word);
      symvers.is_ambiguous(word);
      rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
  });
}
