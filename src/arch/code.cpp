// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compiled code beside the code of a shipped image: what is the same for all processors.
#include "arch/arch.h"
#include "base/endian.h"
#include "base/error.h"

#include <algorithm>

namespace kpatch::arch {

CodeComparison Arch::compare_code(const CodePair& code) const {
  CodeComparison result;
  const std::size_t common = std::min(code.ours.size(), code.theirs.size());
  std::size_t at = 0;
  while (at < common && (code.open[at] || code.ours[at] == code.theirs[at]))
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

std::uint64_t read_field(std::span<const std::uint8_t> data, std::uint64_t offset,
                         unsigned size, std::endian order) {
  switch (size) {
  case 8: return load<std::uint64_t>(data, offset, order);
  case 4:
    return static_cast<std::uint64_t>(std::int64_t{
        static_cast<std::int32_t>(load<std::uint32_t>(data, offset, order))});
  case 2:
    return static_cast<std::uint64_t>(std::int64_t{
        static_cast<std::int16_t>(load<std::uint16_t>(data, offset, order))});
  case 1:
    return static_cast<std::uint64_t>(
        std::int64_t{static_cast<std::int8_t>(load<std::uint8_t>(data, offset, order))});
  default: fail("a field of {} bytes cannot be read", size);
  }
}

void write_field(std::span<std::uint8_t> data, std::uint64_t offset, unsigned size,
                 std::uint64_t value, std::endian order) {
  switch (size) {
  case 8: return store(data, offset, value, order);
  case 4: return store(data, offset, static_cast<std::uint32_t>(value), order);
  case 2: return store(data, offset, static_cast<std::uint16_t>(value), order);
  case 1: return store(data, offset, static_cast<std::uint8_t>(value), order);
  default: fail("a field of {} bytes cannot be written", size);
  }
}

} // namespace kpatch::arch
