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
constexpr unsigned kWord = 4;
constexpr std::uint64_t kPadding = std::uint64_t{2} * kWord;

std::uint32_t word_at(const FunctionView& function, std::uint64_t offset) {
  const Bytes& code = function.section.data;
  return offset + kWord <= code.size()
             ? load<std::uint32_t>(code, offset, std::endian::little)
             : 0;
}

constexpr ImmediateForm kImmediates[] = {
    {0x7fe00000, 0x52800000, 5, 16} // movz
};

/// A number of an instruction, counted from the instruction.
constexpr Field at_distance(unsigned at, unsigned count, unsigned of_value) {
  return {kWord, FieldBase::kPlace, true, FieldShare::kWhole, {{{at, count, of_value}}}};
}

/// Half an address: what an instruction adds to the start of a page of 4 KiB. Loads and
/// stores count in units of their size.
constexpr Field within_page(unsigned of_value) {
  return {kWord,
          FieldBase::kZero,
          false,
          FieldShare::kLow,
          {{{10, 12 - of_value, of_value}}}};
}

/// The other half: the distance to that page. The two low bits stand apart.
constexpr Field distant_page() {
  return {kWord,
          FieldBase::kPageOfPlace,
          true,
          FieldShare::kHigh,
          {{{29, 2, 12}, {5, 19, 14}}}};
}

/// ELF for the Arm 64-bit Architecture (aaelf64), 5.7.3 to 5.7.11: what gcc and clang use
/// for kernels.
constexpr FieldRow kFields[] = {
    {R_AARCH64_NONE, {}},
    {R_AARCH64_ABS64, {8}},
    {R_AARCH64_ABS32, {4}},
    {R_AARCH64_PREL64, {8, FieldBase::kPlace}},
    {R_AARCH64_PREL32, {4, FieldBase::kPlace}},
    {R_AARCH64_PREL16, {2, FieldBase::kPlace}},
    {R_AARCH64_CALL26, at_distance(0, 26, 2)},
    {R_AARCH64_JUMP26, at_distance(0, 26, 2)},
    {R_AARCH64_CONDBR19, at_distance(5, 19, 2)},
    {R_AARCH64_LD_PREL_LO19, at_distance(5, 19, 2)},
    {R_AARCH64_TSTBR14, at_distance(5, 14, 2)},
    {R_AARCH64_ADR_PREL_LO21,
     {kWord, FieldBase::kPlace, true, FieldShare::kWhole, {{{29, 2, 0}, {5, 19, 2}}}}},
    {R_AARCH64_ADR_PREL_PG_HI21, distant_page()},
    {R_AARCH64_ADR_PREL_PG_HI21_NC, distant_page()},
    {R_AARCH64_ADD_ABS_LO12_NC, within_page(0)},
    {R_AARCH64_LDST8_ABS_LO12_NC, within_page(0)},
    {R_AARCH64_LDST16_ABS_LO12_NC, within_page(1)},
    {R_AARCH64_LDST32_ABS_LO12_NC, within_page(2)},
    {R_AARCH64_LDST64_ABS_LO12_NC, within_page(3)},
    {R_AARCH64_LDST128_ABS_LO12_NC, within_page(4)},
};

class Aarch64 : public Arch {
 public:
  ArchSet bit() const override { return kAarch64; }
  std::string_view name() const override { return "aarch64"; }
  std::string_view kbuild_name() const override { return "arm64"; }
  std::string_view debian_name() const override { return "arm64"; }
  bool has_core() const override { return true; }
  std::optional<VirtualMachine> virtual_machine() const override {
    // "virt" has one serial port that is not reserved for firmware, so the other one is
    // on PCI. Of all processors "max" has most of what kernels rewrite themselves for;
    // QEMU's own algorithm for signed addresses spares it half of the time (QEMU:
    // docs/system/arm/cpu-features.rst).
    return VirtualMachine{.program = "qemu-system-aarch64",
                          .package = "qemu-system-arm",
                          .machine = "virt",
                          .cpu = "max,pauth-impdef=on",
                          .ports =
                              "-serial chardev:console -device pci-serial,chardev=report",
                          .console = "ttyAMA0",
                          .report = "ttyS0"};
  }
  std::uint32_t absolute64() const override { return R_AARCH64_ABS64; }
  std::uint32_t absolute32() const override { return R_AARCH64_ABS32; }
  std::uint32_t relative64() const override { return R_AARCH64_RELATIVE; }
  bool sections_change_code() const override { return true; }

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

  bool takes_address(const elf::Section& section,
                     const elf::Relocation& relocation) const override {
    switch (relocation.type) {
    case R_AARCH64_ADR_PREL_PG_HI21:
    case R_AARCH64_ADR_PREL_PG_HI21_NC: return !only_reads(section, relocation.symbol);
    case R_AARCH64_ADR_PREL_LO21:
    case R_AARCH64_ADD_ABS_LO12_NC:
    case R_AARCH64_ADR_GOT_PAGE:
    case R_AARCH64_LD64_GOT_LO12_NC: return true;
    default: return false;
    }
  }

  // The kernel and all modules lie within 2 GB (module_init_limits of
  // arch/arm64/kernel/module.c); jumps that do not reach get a veneer.
  bool reaches_outside(const elf::Section&,
                       const elf::Relocation& relocation) const override {
    switch (relocation.type) {
    case R_AARCH64_ABS32:
    case R_AARCH64_ABS16:
    case R_AARCH64_PREL16:
    case R_AARCH64_ADR_PREL_LO21:
    case R_AARCH64_LD_PREL_LO19:
    case R_AARCH64_CONDBR19:
    case R_AARCH64_TSTBR14: return false;
    default: return true;
    }
  }

  bool is_line_load(std::span<const std::uint8_t> instruction) const override {
    return instruction.size() == 4 && (instruction[0] & 0x1f) == 2 && // w2
           instruction[3] == 0x52;                                    // movz
  }

  std::optional<Immediate>
  immediate(std::span<const std::uint8_t> instruction) const override {
    return find_immediate(instruction, std::endian::little, kImmediates);
  }

  bool is_branch(const elf::Section&, const elf::Relocation& relocation) const override {
    return relocation.type == R_AARCH64_CALL26 || relocation.type == R_AARCH64_JUMP26;
  }

  std::optional<Field> field(std::uint32_t type) const override {
    return find_field(kFields, type);
  }

  bool takes_line_number(std::string_view callee) const override {
    return callee == "__warn_printk";
  }

 private:
  /// adrp gives the page; what the code wants of it shows in the instructions that have
  /// the low bits: an add completes the address, a load or store uses what is there.
  static bool only_reads(const elf::Section& section, elf::SymbolId symbol) {
    bool reads = false;
    for (const elf::Relocation& relocation : section.relocations) {
      if (relocation.symbol != symbol)
        continue;
      if (relocation.type == R_AARCH64_ADD_ABS_LO12_NC)
        return false;
      reads |= is_access(relocation.type);
    }
    return reads;
  }

  static bool is_access(std::uint32_t type) {
    return type == R_AARCH64_LDST8_ABS_LO12_NC || type == R_AARCH64_LDST16_ABS_LO12_NC ||
           type == R_AARCH64_LDST32_ABS_LO12_NC || type == R_AARCH64_LDST64_ABS_LO12_NC ||
           type == R_AARCH64_LDST128_ABS_LO12_NC;
  }
};

} // namespace

const Arch& aarch64() {
  static const Aarch64 arch;
  return arch;
}

} // namespace kpatch::arch
