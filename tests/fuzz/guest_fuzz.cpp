// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads and judges what the guest of a rehearsal reports: it runs a kernel under test, so
// its words are as hostile as any input. Every line is given the token, so that the
// fuzzer need not find that out.
#include "fuzz/fuzz.h"
#include "rehearse/rehearse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    std::string text = "T ";
    for (const char c : fuzz::as_text(input)) {
      text += c;
      if (c == '\n')
        text += "T ";
    }
    rehearse::Rehearsal rehearsal;
    rehearsal.guest = rehearse::parse_guest_record(text, "T");
    rehearse::judge(rehearsal, rehearse::MachineEnd::kByItself, "mark");
  });
}
