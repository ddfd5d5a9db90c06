// SPDX-License-Identifier: GPL-2.0-or-later
//
// s390x, big-endian. Instructions have 2, 4 or 6 bytes, as the two top bits say of the
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

/// Of instructions of six bytes with a distance; their fields are counted from the start.
constexpr int kFieldInInstruction = 2;

constexpr ImmediateForm kImmediates[] = {
    {0xff0f8000, 0xa7080000, 0, 15}, // lhi
    {0xff0f8000, 0xa7090000, 0, 15}  // lghi
};

/// z/Architecture, RIL and RI formats: the first byte of the opcode and the last four
/// bits; a register or condition stands between them.
using Opcode = std::pair<std::uint8_t, std::uint8_t>;
constexpr std::uint8_t kLong = 0xc0, kShort = 0xa7; // 4 or 2 bytes of distance
constexpr std::uint8_t kLoadRelative = 0xc4;
constexpr std::uint8_t kLoad64 = 8;            // lgrl
constexpr std::uint8_t kLoadAddress = 0;       // larl
constexpr std::uint8_t kJumpIf = 4, kCall = 5; // brcl, brasl; brc, bras

/// Whether the instruction of six bytes with that field is the one of this opcode.
bool is_long(std::span<const std::uint8_t> code, std::uint64_t field, Opcode opcode) {
  return field >= kFieldInInstruction && field <= code.size() &&
         Opcode{code[field - 2], code[field - 1] & 0xf} == opcode;
}

/// Of the instruction whose distance the relocation fills in, if it has one.
std::optional<Opcode> opcode_of(const elf::Section& section,
                                const elf::Relocation& relocation) {
  const bool is_long =
      relocation.type == R_390_PC32DBL || relocation.type == R_390_PLT32DBL;
  const bool is_short =
      relocation.type == R_390_PC16DBL || relocation.type == R_390_PLT16DBL;
  const std::uint64_t at = relocation.offset;
  if ((!is_long && !is_short) || !section.is_text() || at < kFieldInInstruction ||
      at > section.data.size())
    return std::nullopt;
  return Opcode{section.data[at - kFieldInInstruction], section.data[at - 1] & 0xf};
}

/// By the last option that says so.
bool is_position_independent(std::span<const std::string> words) {
  bool is = false;
  for (const std::string& word : words)
    if (word == "-fpic" || word == "-fPIC" || word == "-fpie" || word == "-fPIE")
      is = true;
    else if (word == "-fno-pic" || word == "-fno-PIC" || word == "-fno-pie" ||
             word == "-fno-PIE")
      is = false;
  return is;
}

bool is_larl(const elf::Section& section, const elf::Relocation& relocation) {
  return opcode_of(section, relocation) == Opcode{kLong, kLoadAddress};
}

class S390 : public Arch {
 public:
  ArchSet bit() const override { return kS390; }
  std::string_view name() const override { return "s390x"; }
  std::string_view kbuild_name() const override { return "s390"; }
  std::optional<VirtualMachine> virtual_machine() const override {
    // The service processor has two consoles. One breaks lines at 80 characters
    // (drivers/s390/char/sclp_tty.c). The other, QEMU's first port, takes bytes, and
    // besides the report messages of the kernel, which prefers it
    // (arch/s390/kernel/setup.c: conmode_default); conmode= brings them to the first one,
    // too.
    return VirtualMachine{.program = "qemu-system-s390x",
                          .package = "qemu-system-misc",
                          .machine = "s390-ccw-virtio",
                          .cpu = "max",
                          .ports = "-serial chardev:report -serial chardev:console",
                          .console = "ttyS0",
                          .report = "ttysclp0",
                          .kernel_arguments = "conmode=sclp"};
  }
  std::uint32_t absolute64() const override { return R_390_64; }
  std::uint32_t absolute32() const override { return R_390_32; }
  std::uint32_t relative64() const override { return R_390_RELATIVE; }
  bool sections_change_code() const override { return true; }
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
    case R_390_PC32DBL: return relocation.addend - kFieldInInstruction;
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

  // brasl and larl have the same type of relocation, for functions R_390_PLT32DBL.
  bool takes_address(const elf::Section& section,
                     const elf::Relocation& relocation) const override {
    return relocation.type == R_390_GOTENT || is_larl(section, relocation);
  }

  // Data by way of the table of addresses. The kernel's makefiles leave position
  // independent code to PIE_BUILD since 6.11, and the option wants it.
  std::vector<std::string>
  patch_options(std::span<const std::string> words) const override {
    std::vector<std::string> options;
    if (!is_position_independent(words))
      options.emplace_back("-fPIE");
    options.emplace_back("-mno-pic-data-is-text-relative");
    return options;
  }

  // KBUILD_LDFLAGS_MODULE of arch/s390/Makefile, with CONFIG_EXPOLINE_EXTERN.
  std::span<const std::string_view> module_extras() const override {
    static constexpr std::array<std::string_view, 2> kThunks = {
        "arch/s390/lib/expoline/expoline.o", "arch/s390/lib/expoline.o"};
    return kThunks;
  }

  // Modules may lie terabytes from the kernel; a jump that does not reach gets a stub in
  // the module, whose address is none to keep (arch/s390/kernel/module.c).
  bool reaches_outside(const elf::Section& section,
                       const elf::Relocation& relocation) const override {
    switch (relocation.type) {
    case R_390_PLT32DBL: return is_branch(section, relocation);
    case R_390_PC32DBL:
    case R_390_PC16DBL:
    case R_390_PLT16DBL:
    case R_390_PC32:
    case R_390_PC16:
    case R_390_32:
    case R_390_16: return false;
    default: return true;
    }
  }

  // lgrl is as long, takes the address from the module's table of addresses, and is in
  // every processor that kernels run on (z10).
  void reach_outside(elf::Section& section, elf::Relocation& relocation,
                     std::string_view) const override {
    if (!is_larl(section, relocation) || relocation.addend != kFieldInInstruction)
      return;
    section.data[relocation.offset - kFieldInInstruction] = kLoadRelative;
    section.data[relocation.offset - 1] |= kLoad64;
    relocation.type = R_390_GOTENT;
  }

  bool is_branch(const elf::Section& section,
                 const elf::Relocation& relocation) const override {
    const std::optional<Opcode> opcode = opcode_of(section, relocation);
    return opcode && (opcode->first == kLong || opcode->first == kShort) &&
           (opcode->second == kJumpIf || opcode->second == kCall);
  }

  std::int64_t addend_of_call() const override { return kFieldInInstruction; }

  std::optional<Field> field(std::uint32_t type) const override {
    const auto doubled = [](unsigned bytes) {
      return Field{
          bytes, FieldBase::kPlace, true, FieldShare::kWhole, {{{0, 8 * bytes, 1}}}};
    };
    switch (type) {
    case R_390_NONE: return Field{0};
    case R_390_64: return Field{8};
    case R_390_32: return Field{4};
    case R_390_PC64: return Field{8, FieldBase::kPlace};
    case R_390_PC32: return Field{4, FieldBase::kPlace};
    case R_390_PC16: return Field{2, FieldBase::kPlace};
    case R_390_GOTENT:
    case R_390_PLT32DBL:
    case R_390_PC32DBL: return doubled(4);
    case R_390_PLT16DBL:
    case R_390_PC16DBL: return doubled(2);
    default: return std::nullopt;
    }
  }

  bool names_slot(const elf::Object&, const elf::Relocation& relocation) const override {
    return relocation.type == R_390_GOTENT;
  }

  bool makes_slots() const override { return true; }

  bool is_slot_gone(std::span<const std::uint8_t> ours,
                    std::span<const std::uint8_t> theirs,
                    std::uint64_t field) const override {
    return is_long(ours, field, {kLoadRelative, kLoad64}) &&
           is_long(theirs, field, {kLong, kLoadAddress});
  }

  /// lgrl becomes larl where the linker knows the address.
  CodeComparison compare_code(const CodePair& code) const override {
    Bytes relaxed(code.ours.begin(), code.ours.end());
    for (const std::uint64_t field : code.slots)
      if (is_slot_gone(code.ours, code.theirs, field)) {
        relaxed[field - 2] = kLong;
        relaxed[field - 1] &= 0xf0; // the register
      }
    CodePair pair = code;
    pair.ours = relaxed;
    return Arch::compare_code(pair);
  }

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
