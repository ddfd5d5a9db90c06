// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a linker makes of ppc64's code where it knows the address of a thing:
//
//   addis r9,r2,slot@toc@ha      addis r9,r2,thing@toc@ha     nop
//   ld r9,slot@toc@l(r9)     ->  addi r9,r9,thing@toc@l   ->  addi r9,r2,thing@toc@l
//
// The second if the thing itself is within 2 GiB of the TOC pointer, which is in r2; the
// third if it is within 32 KiB.
#include "arch/ppc64_code.h"

#include "base/endian.h"

#include <algorithm>
#include <set>

namespace kpatch::arch {

namespace {

constexpr unsigned kHalf = 2;
constexpr std::uint64_t kInstruction = 4;
constexpr std::uint32_t kNop = 0x60000000;

// Power ISA, D form: six bits of opcode, two registers, 16 bits of a number. Of ld the
// two last bits are 0.
constexpr unsigned kOpcodeShift = 26, kTargetShift = 21, kBaseShift = 16;
constexpr std::uint32_t kLoad64 = 58, kAddImmediate = 14;
constexpr std::uint32_t kRegisters = 0x03ff0000;
constexpr std::uint32_t kRegister = 31, kTocRegister = 2;
constexpr std::uint32_t kWithoutTarget = 0xfc1fffff;
constexpr std::uint32_t kAddToToc = 0x3c020000; // addis x,r2,0

/// 16 bits of a distance from the TOC pointer or from the place; the field is the half of
/// the instruction that holds them.
constexpr Field high_half(FieldBase base) {
  return {kHalf, base, true, FieldShare::kHigh, {{{0, 16, 16}}}, 0x8000};
}
constexpr Field low_half(FieldBase base) {
  return {kHalf, base, true, FieldShare::kLow, {{{0, 16, 0}}}};
}
/// Of loads and stores whose two low bits belong to the opcode.
constexpr Field low_half_by_four(FieldBase base, FieldShare share) {
  return {kHalf, base, true, share, {{{2, 14, 2}}}};
}

/// 64-bit ELFv2 ABI Specification, 3.5.3: what gcc and clang use for kernels.
constexpr FieldRow kFields[] = {
    {R_PPC64_NONE, {}},
    {R_PPC64_ADDR64, {8}},
    {R_PPC64_ADDR32, {4}},
    {R_PPC64_REL64, {8, FieldBase::kPlace}},
    {R_PPC64_REL32, {4, FieldBase::kPlace}},
    {R_PPC64_REL24, {4, FieldBase::kPlace, true, FieldShare::kWhole, {{{2, 24, 2}}}}},
    {R_PPC64_REL14, {4, FieldBase::kPlace, true, FieldShare::kWhole, {{{2, 14, 2}}}}},
    {R_PPC64_REL16_HA, high_half(FieldBase::kPlace)},
    {R_PPC64_REL16_LO, low_half(FieldBase::kPlace)},
    {R_PPC64_TOC16_HA, high_half(FieldBase::kToc)},
    {R_PPC64_TOC16_LO, low_half(FieldBase::kToc)},
    {R_PPC64_TOC16_LO_DS, low_half_by_four(FieldBase::kToc, FieldShare::kLow)},
    {R_PPC64_TOC16, {kHalf, FieldBase::kToc}},
    {R_PPC64_TOC16_DS, low_half_by_four(FieldBase::kToc, FieldShare::kWhole)},
};

/// Whether a relocation fills in the number of an instruction in D form.
bool is_half_open(const Bytes& open, std::size_t at) {
  return open[at] >= 0xfc && open[at + 1] == 0xff && open[at + 2] == 0;
}

} // namespace

std::optional<Field> ppc64_field(std::uint32_t type) {
  return find_field(kFields, type);
}

bool is_ppc64_slot_gone(std::span<const std::uint8_t> ours,
                        std::span<const std::uint8_t> theirs, std::uint64_t field) {
  const auto is = [&](std::span<const std::uint8_t> code, std::uint32_t opcode) {
    return field < code.size() && code.size() - field >= kInstruction &&
           load<std::uint32_t>(code, field, std::endian::little) >> kOpcodeShift ==
               opcode;
  };
  return is(ours, kLoad64) && is(theirs, kAddImmediate);
}

Bytes ppc64_as_linked(const CodePair& code, Bytes& open) {
  Bytes ours(code.ours.begin(), code.ours.end());
  std::set<std::uint32_t> gone; // registers that no addis fills any more
  const std::size_t end =
      std::min(ours.size(), code.theirs.size()) & ~std::size_t{kInstruction - 1};
  for (std::size_t at = 0; at < end; at += kInstruction) {
    if (!is_half_open(open, at))
      continue;
    auto word = load<std::uint32_t>(ours, at, std::endian::little);
    const auto their = load<std::uint32_t>(code.theirs, at, std::endian::little);
    if (code.slots.contains(at) && is_ppc64_slot_gone(code.ours, code.theirs, at)) {
      word = (word & kRegisters) | kAddImmediate << kOpcodeShift;
      open[at] = 0xff;
    }
    const std::uint32_t target = word >> kTargetShift & kRegister;
    if ((word & kWithoutTarget) == kAddToToc) {
      gone.erase(target);
      if (their == kNop) {
        gone.insert(target);
        word = kNop;
      }
    } else if (gone.contains(word >> kBaseShift & kRegister)) {
      word = (word & ~(kRegister << kBaseShift)) | kTocRegister << kBaseShift;
    }
    store(ours, at, word, std::endian::little);
  }
  return ours;
}

} // namespace kpatch::arch
