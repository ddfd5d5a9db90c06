// SPDX-License-Identifier: GPL-2.0-or-later
//
// aarch64. Functions are traced through patchable entries: two NOPs, after a landing pad
// where branch target identification is on, and with two more NOPs before the function
// where ftrace keeps a pointer there (DYNAMIC_FTRACE_WITH_CALL_OPS). $x and $d symbols
// mark code and data.
#include "arch/registry.h"
#include "base/endian.h"
#include "base/error.h"

namespace kpatch::arch {

namespace {

constexpr std::uint32_t kNop = 0xd503201f;
constexpr std::uint32_t kBtiC = 0xd503245f;
constexpr std::uint64_t kWord = 4;
constexpr std::uint64_t kPadding = 2 * kWord;

std::uint32_t word_at(const FunctionView& function, std::uint64_t offset) {
  const Bytes& code = function.section.data;
  return offset + kWord <= code.size()
             ? load<std::uint32_t>(code, offset, std::endian::little)
             : 0;
}

constexpr ImmediateForm kImmediates[] = {
    {0x7fe00000, 0x52800000, 5, 16} // movz
};

class Aarch64 : public Arch {
 public:
  ArchSet bit() const override { return kAarch64; }
  std::string_view name() const override { return "aarch64"; }
  std::string_view kbuild_name() const override { return "arm64"; }
  std::string_view debian_name() const override { return "arm64"; }
  std::uint32_t absolute64() const override { return R_AARCH64_ABS64; }
  std::uint32_t absolute32() const override { return R_AARCH64_ABS32; }

  bool may_point_past_end(std::uint32_t type) const override {
    return type == R_AARCH64_ABS64;
  }

  bool is_mapping_symbol(const elf::Symbol& symbol) const override {
    return symbol.is_local() && symbol.type == STT_NOTYPE && symbol.name.starts_with('$');
  }

  std::uint64_t function_start(const FunctionView& function) const override {
    std::uint64_t nops = 0;
    while (nops * kWord < function.symbol.value &&
           word_at(function, nops * kWord) == kNop)
      ++nops;
    return nops * kWord == kPadding ? kPadding : 0;
  }

  std::uint64_t patchable_entry_offset(const FunctionView& function) const override {
    std::uint64_t at = function.symbol.value;
    const bool has_padding = at != 0;
    const bool has_landing_pad = word_at(function, at) == kBtiC;
    if (has_landing_pad)
      at += kWord;
    if (word_at(function, at) != kNop || word_at(function, at + kWord) != kNop)
      fail("{}: {}: unexpected instruction in patch section of function",
           function.object.label, function.symbol.name);
    return has_landing_pad && !has_padding ? kWord : 0;
  }

  bool is_line_load(std::span<const std::uint8_t> instruction) const override {
    return instruction.size() == 4 && (instruction[0] & 0x1f) == 2 && // w2
           instruction[3] == 0x52;                                    // movz
  }

  std::optional<Immediate>
  immediate(std::span<const std::uint8_t> instruction) const override {
    return find_immediate(instruction, std::endian::little, kImmediates);
  }

  bool takes_line_number(std::string_view callee) const override {
    return callee == "__warn_printk";
  }
};

} // namespace

const Arch& aarch64() {
  static const Aarch64 arch;
  return arch;
}

} // namespace kpatch::arch
