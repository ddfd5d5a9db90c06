// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compiled code beside the code of a shipped image: what is the same for all processors.
#include "arch/arch.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::arch {

CodeComparison Arch::compare_code(const CodePair& code) const {
  CodeComparison result;
  const std::size_t common = std::min(code.ours.size(), code.theirs.size());
  std::size_t at = 0;
  while (at < common && ((code.ours[at] ^ code.theirs[at]) & ~code.open[at] & 0xff) == 0)
    ++at;
  result.equal = at == code.ours.size();
  std::size_t begin = 0; // of the instruction
  while (!result.equal && begin < at) {
    const std::size_t length = instruction_length(code.ours.subspan(begin));
    if (length == 0 || begin + length > at)
      break;
    begin += length;
  }
  result.our_difference = result.their_difference = begin;
  return result;
}

std::string Arch::disassemble(std::span<const std::uint8_t> code, std::uint64_t) const {
  const std::size_t length = std::min(instruction_length(code), code.size());
  std::string text;
  for (const std::uint8_t byte : code.first(length))
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", byte);
  return text;
}

} // namespace kpatch::arch
