// SPDX-License-Identifier: GPL-2.0-or-later
//
// x86-64. Three things set it apart. PC-relative addends count from the end of the
// instruction, so what `sym-4` or `sym-8` means is only known once the instruction is
// decoded (a trailing immediate moves its end). Functions are traced through a call to
// __fentry__ that must come first. And hardened kernels put NOP padding before each
// function, named by __pfx_ or __cfi_ symbols.
#include "arch/registry.h"
#include "arch/x86_64_code.h"
#include "arch/x86_64_newer.h"
#include "base/endian.h"
#include "base/error.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>

namespace kpatch::arch {

namespace {

constexpr std::uint8_t kTwoByteOpcode = 0x0f;
constexpr std::uint8_t kNearJumpIf = 0x80; // 0x80 to 0x8f after the above
constexpr std::uint8_t kMovEsi = 0xbe;     // mov $imm32, %esi: second argument
constexpr std::uint8_t kMovEdx = 0xba;     // mov $imm32, %edx: third argument
constexpr std::uint8_t kRex = 0x40;
constexpr std::uint8_t kRexWide = 0x08;
constexpr std::uint8_t kMoveToRegister = 0xb8; // to 0xbf: mov $imm32, %reg
constexpr std::uint8_t kMoveToMemory = 0xc7;   // mov $imm32, mem
constexpr std::uint8_t kPush = 0x68;           // push $imm32
constexpr std::uint8_t kNop = 0x90;
constexpr std::uint64_t kMostPadding = 64; // CONFIG_FUNCTION_PADDING_BYTES has at most 59
constexpr std::uint8_t kNopl = 0x0f; // first byte of the 5-byte NOP left by -mnop-mcount
constexpr std::array<std::uint8_t, 5> kCall = {0xe8, 0, 0, 0, 0};

constexpr std::uint8_t kRipRelative = 5; // ModRM.rm with mod 0, Intel SDM vol. 2 2.2.1.6

/// What a jump label may be before it is first rewritten (asm/jump_label.h): a NOP or a
/// jump as long as the jump to the test that takes its place.
constexpr std::array<std::uint8_t, 5> kLabelNop = {0x0f, 0x1f, 0x44, 0x00, 0x00};
constexpr std::uint8_t kJump = 0xe9; // jmp rel32
constexpr std::size_t kJumpSize = 5;

// What the test is made of: cmpl $0, key(%rip); jne target; jmp behind the site. It needs
// no register, and gcc and clang take the flags for lost in every asm statement.
constexpr std::array<std::uint8_t, 18> kKeyTest = {
    0x83, 0x3d, 0, 0, 0, 0, 0, 0x0f, 0x85, 0, 0, 0, 0, kJump, 0, 0, 0, 0};
constexpr std::size_t kKeyField = 2;
constexpr std::int64_t kKeyFieldToEnd = 5; // the field and the immediate behind it
constexpr std::size_t kCondition = 8;
constexpr std::uint8_t kIfEqual = 0x84;
constexpr std::size_t kTargetField = 9;
constexpr std::size_t kReturnField = 14;
constexpr std::size_t kFieldSize = 4;

/// Writes the distance from the end of a 4-byte field to a place in the same section.
void put_distance(Bytes& code, std::size_t field, std::uint64_t to) {
  const std::uint64_t distance = to - (field + kFieldSize);
  for (std::size_t i = 0; i < kFieldSize; ++i)
    code[field + i] = static_cast<std::uint8_t>(distance >> (8 * i));
}

bool is_relative(std::uint32_t type) {
  return type == R_X86_64_PC32 || type == R_X86_64_PLT32 || type == R_X86_64_NONE;
}

class X86_64 : public Arch {
 public:
  X86_64() {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(&decoder_, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
  }

  ArchSet bit() const override { return kX86_64; }
  std::string_view name() const override { return "x86_64"; }
  std::string_view debian_name() const override { return "amd64"; }
  bool has_livepatch_in_debian() const override { return true; }
  bool has_vmlinux_in_boot_image() const override { return true; }
  std::optional<VirtualMachine> virtual_machine() const override {
    // The timer check counts interrupts in a moment that a busy host may not give us.
    return VirtualMachine{.program = "qemu-system-x86_64",
                          .package = "qemu-system-x86",
                          .ports = "-serial chardev:console -serial chardev:report",
                          .console = "ttyS0",
                          .report = "ttyS1",
                          .kernel_arguments = "no_timer_check"};
  }
  std::uint32_t absolute64() const override { return R_X86_64_64; }
  std::uint32_t absolute32() const override { return R_X86_64_32; }
  bool has_prefix_symbols() const override { return true; }
  bool uses_patchable_entries() const override { return false; }

  std::size_t instruction_length(std::span<const std::uint8_t> code) const override {
    ZydisDecodedInstruction instruction;
    const ZyanStatus status = ZydisDecoderDecodeInstruction(
        &decoder_, nullptr, code.data(), code.size(), &instruction);
    return ZYAN_SUCCESS(status) ? instruction.length : newer_x86_64_length(code);
  }

  bool needs_instructions(const elf::Section& section,
                          const elf::Relocation& relocation) const override {
    return section.is_text() && is_relative(relocation.type);
  }

  std::int64_t target_offset(const elf::Section& section,
                             const elf::Relocation& relocation,
                             const InstructionEnds& ends) const override {
    const std::uint32_t type = relocation.type;
    if (!section.is_text() || type == R_X86_64_64 || type == R_X86_64_32S ||
        type == R_X86_64_32)
      return relocation.addend;
    if (!is_relative(type))
      fail("section {}: offset {:#x}: unhandled rela type {}", section.name,
           relocation.offset, type);
    const auto end = std::ranges::upper_bound(ends, relocation.offset);
    if (end == ends.end())
      fail("can't find instruction for rela at {}+{:#x}", section.name,
           relocation.offset);
    return relocation.addend + static_cast<std::int64_t>(*end - relocation.offset);
  }

  std::uint64_t end_of_padding(const elf::Section& section,
                               std::uint64_t from) const override {
    std::uint64_t at = from;
    while (at < section.data.size() && at - from < kMostPadding &&
           section.data[at] == kNop)
      ++at;
    return at;
  }

  /// -fpatchable-function-entry puts NOPs before the entry, which have no symbol until
  /// objtool gives them one at the link.
  std::uint64_t function_start(const FunctionView& function) const override {
    const std::uint64_t start = function.symbol.value;
    return end_of_padding(function.section, 0) >= start ? start : 0;
  }

  bool may_point_past_end(std::uint32_t type) const override {
    return type == R_X86_64_32S;
  }

  bool has_ftrace_entry(const FunctionView& function) const override {
    if (function.section.relocations.empty())
      return false;
    const elf::Relocation& first = function.section.relocations.front();
    return is_relative(first.type) &&
           function.object.symbols[first.symbol].name == kFentry;
  }

  std::uint64_t mcount_site(const FunctionView& function) const override {
    if (function.section.relocations.empty() ||
        function.section.relocations.front().offset == 0)
      return Arch::mcount_site(function);
    return function.section.relocations.front().offset - 1;
  }

  /// -mnop-mcount and objtool leave a 5-byte NOP and a R_X86_64_NONE where the call has
  /// to be, behind the padding and the ENDBR that a hardened kernel's functions have.
  void make_traceable(elf::Section& section) const override {
    if (section.relocations.empty())
      fail("section {}: the call of __fentry__ has no relocation", section.name);
    elf::Relocation& first = section.relocations.front();
    if (first.type != R_X86_64_NONE)
      return;
    const std::uint64_t site = first.offset == 0 ? 0 : first.offset - 1;
    if (section.data.size() < kCall.size() || site > section.data.size() - kCall.size() ||
        section.data[site] != kNopl)
      fail("section {}: unexpected instruction at the start of the function",
           section.name);
    std::ranges::copy(kCall, section.data.begin() + static_cast<std::ptrdiff_t>(site));
    first.type = R_X86_64_PC32;
  }

  bool ignores_section(std::string_view name) const override {
    return name == kPatchableEntries;
  }

  bool is_line_load(std::span<const std::uint8_t> instruction) const override {
    return !instruction.empty() &&
           (instruction[0] == kMovEsi || instruction[0] == kMovEdx);
  }

  std::optional<Immediate>
  immediate(std::span<const std::uint8_t> instruction) const override {
    const bool has_rex = !instruction.empty() && (instruction[0] & 0xf0) == kRex;
    const bool is_wide = has_rex && (instruction[0] & kRexWide);
    const std::size_t opcode = has_rex ? 1 : 0;
    if (instruction.size() < opcode + 1 + kFieldSize)
      return std::nullopt;
    const std::uint8_t code = instruction[opcode];
    const bool moves_to_register = (code & 0xf8) == kMoveToRegister && !is_wide;
    if (!moves_to_register && code != kMoveToMemory && code != kPush)
      return std::nullopt;
    const std::size_t field = instruction.size() - kFieldSize;
    Immediate found{load<std::uint32_t>(instruction, field, std::endian::little),
                    Bytes(instruction.begin(), instruction.end())};
    std::fill(found.rest.begin() + static_cast<std::ptrdiff_t>(field), found.rest.end(),
              std::uint8_t{0});
    return found;
  }

  // What an index is added to has the same relocation: `mov table(,%rax,8), %rax`.
  bool takes_address(const elf::Section& section,
                     const elf::Relocation& relocation) const override {
    return relocation.type == R_X86_64_32S && !is_in_place_x86_64(section, relocation);
  }

  /// The field ends the instruction, and the processor counts from there.
  std::int64_t addend_of_call() const override { return -std::int64_t{kFieldSize}; }

  bool is_branch(const elf::Section& section,
                 const elf::Relocation& relocation) const override {
    const std::uint64_t at = relocation.offset;
    if (!section.is_text() || !is_relative(relocation.type) || at > section.data.size())
      return false;
    const auto before = [&](std::uint64_t distance) {
      return at >= distance ? section.data[at - distance] : std::uint8_t{0};
    };
    return relocation.type == R_X86_64_PLT32 || before(1) == kCall[0] ||
           before(1) == kJump ||
           (before(2) == kTwoByteOpcode && (before(1) & 0xf0) == kNearJumpIf);
  }

  // lea f(%rip) has the relocation that old assemblers give calls as well.
  bool uses_as_pointer(const elf::Section& section,
                       const elf::Relocation& relocation) const override {
    return !is_branch(section, relocation);
  }

  // arch/x86/kernel/module.c: "Invalid relocation target, existing value is nonzero".
  bool wants_empty_fields() const override { return true; }

  std::string_view return_thunk() const override { return "__x86_return_thunk"; }

  std::optional<LandingThunk> landing_thunk() const override {
    constexpr std::array<std::uint8_t, 9> kEndbrAndJump = {
        0xf3,  0x0f, 0x1e, 0xfa, // endbr64
        kJump, 0,    0,    0,    0};
    return LandingThunk{.code = Bytes(kEndbrAndJump.begin(), kEndbrAndJump.end()),
                        .offset = 5,
                        .type = R_X86_64_PLT32,
                        .addend = -4};
  }

  OwnReferenceAnswer own_reference(const elf::Section& section,
                                   std::uint64_t at) const override {
    const auto code = std::span(section.data).subspan(at);
    ZydisDecodedInstruction instruction;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, nullptr, code.data(),
                                                    code.size(), &instruction)))
      return {.is_known = newer_x86_64_length(code) > 0, .reference = {}};
    const auto& raw = instruction.raw;
    const bool is_branch = raw.imm[0].is_relative;
    const bool is_rip_relative = (instruction.attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
                                 raw.modrm.mod == 0 && raw.modrm.rm == kRipRelative;
    if (!is_branch && !is_rip_relative)
      return {.is_known = true, .reference = {}};
    const std::uint8_t offset = is_branch ? raw.imm[0].offset : raw.disp.offset;
    const std::uint8_t bits = is_branch ? raw.imm[0].size : raw.disp.size;
    const std::int64_t distance = is_branch ? raw.imm[0].value.s : raw.disp.value;
    const bool has_relocation = bits == 8 * kFieldSize;
    return {.is_known = true,
            .reference = OwnReference{.field = at + offset,
                                      .size = bits / 8U,
                                      .field_to_end = instruction.length - offset,
                                      .target = at + instruction.length +
                                                static_cast<std::uint64_t>(distance),
                                      .relocation_type = !has_relocation ? 0U
                                                         : is_branch     ? R_X86_64_PLT32
                                                                     : R_X86_64_PC32}};
  }

  bool can_test_key(const elf::Section& section, std::uint64_t site) const override {
    if (site > section.data.size() || section.data.size() - site < kJumpSize)
      return false;
    const auto code = std::span(section.data).subspan(site, kJumpSize);
    return code[0] == kJump || std::ranges::equal(code, kLabelNop);
  }

  void add_key_test(elf::Section& section, const KeyTest& test) const override {
    const std::size_t start = section.data.size();
    section.data.insert(section.data.end(), kKeyTest.begin(), kKeyTest.end());
    if (!test.jumps_if_enabled)
      section.data[start + kCondition] = kIfEqual;
    section.data[test.site] = kJump;
    put_distance(section.data, test.site + 1, start);
    put_distance(section.data, start + kReturnField, test.site + kJumpSize);
    std::erase_if(section.relocations, [&](const elf::Relocation& relocation) {
      return relocation.offset == test.site + 1; // of a jump that is gone
    });
    section.relocations.push_back(
        {start + kKeyField, R_X86_64_PC32, test.key, test.key_offset - kKeyFieldToEnd});
    section.relocations.push_back(
        {start + kTargetField, R_X86_64_PC32, test.target,
         test.target_offset - static_cast<std::int64_t>(kFieldSize)});
    section.has_relocations = true;
  }

  std::optional<Field> field(std::uint32_t type) const override {
    switch (type) {
    case R_X86_64_64: return Field{8};
    case R_X86_64_32: return Field{4, FieldBase::kZero, false};
    case R_X86_64_32S: return Field{4};
    case R_X86_64_PC32:
    case R_X86_64_PLT32: return Field{4, FieldBase::kPlace};
    case R_X86_64_PC64: return Field{8, FieldBase::kPlace};
    case R_X86_64_NONE: return Field{0};
    default: return std::nullopt;
    }
  }

  CodeComparison compare_code(const CodePair& code) const override {
    CodeComparison result = Arch::compare_code(code);
    return result.equal ? result : compare_x86_64_code(code);
  }

  std::string disassemble(std::span<const std::uint8_t> code,
                          std::uint64_t address) const override {
    const std::string text = disassemble_x86_64(code, address);
    return text.empty() ? Arch::disassemble(code, address) : text;
  }

  const CodeSites* code_sites() const override { return &x86_64_sites(); }

  bool is_only_read(const elf::Section& code, const elf::Relocation& address,
                    const CalleeTable& callees,
                    std::span<const OtherWay> ways) const override {
    return is_only_read_x86_64(code, address, callees, ways);
  }

  bool is_stored(const elf::Section& code, const elf::Relocation& address,
                 const PlaceTable& spared) const override {
    return is_stored_x86_64(code, address, spared);
  }

 private:
  ZydisDecoder decoder_;
};

} // namespace

const Arch& x86_64() {
  static const X86_64 arch;
  return arch;
}

} // namespace kpatch::arch
