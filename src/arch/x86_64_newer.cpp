// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernels use instructions, in alternatives above all, that are younger than the library
// that decodes them here. Where each one ends follows from its encoding all the same: the
// opcode map says whether an immediate is there (Intel SDM 2, appendix A).
//
//   0f 01 c6           WRMSRNS                c4 e7 7a f6 c0 <4>  WRMSRNS of a number
//   f2 0f 00 f7        LKGS %edi              f3 0f 01 ca         ERETU
//   f2 0f 38 f8 c0     URDMSR                 d6                  UDB
#include "arch/x86_64_newer.h"

#include <algorithm>
#include <array>

namespace kpatch::arch {

namespace {

using View = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 11> kPrefixes = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                                    0x66, 0x67, 0xf0, 0xf2, 0xf3};
constexpr std::uint8_t kUdb = 0xd6;
constexpr std::uint8_t kEscape = 0x0f;
constexpr std::uint8_t kLongVex = 0xc4; // and two bytes more

std::size_t with_registers(View code, std::size_t modrm, std::size_t immediate = 0) {
  constexpr std::uint8_t kRegisters = 0xc0;
  const std::size_t length = modrm + 1 + immediate;
  return length <= code.size() && (code[modrm] & kRegisters) == kRegisters ? length : 0;
}

std::size_t vex_length(View code, std::size_t opcode) {
  constexpr std::uint8_t kMap = 0x1f;
  constexpr std::uint8_t k0f38 = 2, kMap7 = 7;
  if (opcode >= code.size())
    return 0;
  switch (code[opcode - 2] & kMap) {
  case k0f38: return with_registers(code, opcode + 1);
  case kMap7: return with_registers(code, opcode + 1, 4);
  default: return 0;
  }
}

} // namespace

std::size_t newer_x86_64_length(View code) {
  constexpr std::uint8_t kSystem = 0x00, kMoreSystem = 0x01, k0f38 = 0x38;
  std::size_t at = 0;
  while (at < code.size() && std::ranges::find(kPrefixes, code[at]) != kPrefixes.end())
    ++at;
  if (at < code.size() && (code[at] & 0xf0U) == 0x40) // REX
    ++at;
  if (at < code.size() && code[at] == kUdb)
    return at + 1;
  if (at < code.size() && code[at] == kLongVex)
    return vex_length(code, at + 3);
  if (at + 1 >= code.size() || code[at] != kEscape)
    return 0;
  switch (code[at + 1]) { // none of these has an immediate
  case kSystem:
  case kMoreSystem: return with_registers(code, at + 2);
  case k0f38: return with_registers(code, at + 3);
  default: return 0;
  }
}

} // namespace kpatch::arch
