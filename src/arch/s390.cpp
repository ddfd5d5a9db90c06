// SPDX-License-Identifier: GPL-2.0-or-later
//
// s390x, big-endian. Instructions have 2, 4 or 6 bytes, told by the two top bits of the
// first; the PC-relative ones count from the instruction's start, two bytes before the
// relocated field.
#include "arch/registry.h"
#include "base/error.h"

#include <algorithm>
#include <array>

namespace kpatch::arch {

namespace {

/// brcl 0,0: the patchable NOP at a traced function's start
/// (arch/s390/include/asm/ftrace.h).
constexpr std::array<std::uint8_t, 6> kFtraceNop = {0xc0, 0x04, 0, 0, 0, 0};

constexpr ImmediateForm kImmediates[] = {
    {0xff0f8000, 0xa7080000, 0, 15}, // lhi
    {0xff0f8000, 0xa7090000, 0, 15}  // lghi
};

class S390 : public Arch {
 public:
  ArchSet bit() const override { return kS390; }
  std::string_view name() const override { return "s390x"; }
  std::string_view kbuild_name() const override { return "s390"; }
  std::uint32_t absolute64() const override { return R_390_64; }
  std::uint32_t absolute32() const override { return R_390_32; }
  bool uses_patchable_entries() const override { return false; }

  std::size_t instruction_length(std::span<const std::uint8_t> code) const override {
    static constexpr std::array<std::size_t, 4> kLengths = {2, 4, 4, 6};
    if (code.empty())
      return 0;
    const std::size_t length = kLengths[code[0] >> 6];
    return length <= code.size() ? length : 0;
  }

  std::int64_t target_offset(const elf::Section& section,
                             const elf::Relocation& relocation,
                             const InstructionEnds&) const override {
    switch (relocation.type) {
    case R_390_GOTENT:
    case R_390_PLT32DBL:
    case R_390_PC32DBL: return relocation.addend - 2;
    case R_390_32:
    case R_390_64:
    case R_390_PC32:
    case R_390_PC64: return relocation.addend;
    default:
      fail("section {}: offset {:#x}: unhandled rela type {}", section.name,
           relocation.offset, relocation.type);
    }
  }

  bool has_ftrace_entry(const FunctionView& function) const override {
    const Bytes& code = function.section.data;
    return code.size() >= kFtraceNop.size() &&
           std::equal(kFtraceNop.begin(), kFtraceNop.end(), code.begin());
  }

  std::uint64_t mcount_site(const FunctionView& function) const override {
    return function.symbol.value;
  }

  bool is_line_load(std::span<const std::uint8_t> instruction) const override {
    return instruction.size() == 4 && instruction[0] == 0xa7 && // lghi
           (instruction[1] == 0x39 || instruction[1] == 0x49);  // r3 or r4
  }

  std::optional<Immediate>
  immediate(std::span<const std::uint8_t> instruction) const override {
    return find_immediate(instruction, std::endian::big, kImmediates);
  }

  bool takes_address(std::uint32_t type) const override { return type == R_390_GOTENT; }

  bool is_never_livepatch(const elf::Section&, const elf::Relocation&,
                          std::string_view symbol) const override {
    return symbol.starts_with("__s390_indirect_jump_r");
  }
};

} // namespace

const Arch& s390() {
  static const S390 arch;
  return arch;
}

} // namespace kpatch::arch
