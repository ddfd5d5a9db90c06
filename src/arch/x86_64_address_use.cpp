// SPDX-License-Identifier: GPL-2.0-or-later
//
// Follows an address through the code of a function: from the instruction that makes it,
// along every way that the code can take, with the set of registers that may hold it or a
// place near it. Of the two questions, whether it is only read takes whatever is not one
// of a few ways to read with it for keeping it: a store (to the stack as well), a return,
// a computed jump, an unknown instruction. Whether it is stored looks for a store that is
// not to the stack, and passes over all else.
//
// Calls keep rbx, rbp and r12 to r15 and take up to six arguments in registers (System V
// ABI for x86-64, 3.2). What one of these registers happens to hold at a call counts as
// an argument.
#include "arch/x86_64_code.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace kpatch::arch {

namespace {

using Registers = std::uint32_t; ///< bit n: ZYDIS_REGISTER_RAX + n

constexpr Registers bit_of(ZydisRegister whole) {
  return whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15
             ? Registers{1} << (whole - ZYDIS_REGISTER_RAX)
             : 0;
}

Registers bit(ZydisRegister reg) {
  return bit_of(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg));
}

constexpr Registers kArguments = bit_of(ZYDIS_REGISTER_RDI) | bit_of(ZYDIS_REGISTER_RSI) |
                                 bit_of(ZYDIS_REGISTER_RDX) | bit_of(ZYDIS_REGISTER_RCX) |
                                 bit_of(ZYDIS_REGISTER_R8) | bit_of(ZYDIS_REGISTER_R9);
constexpr Registers kLostInCalls = kArguments | bit_of(ZYDIS_REGISTER_RAX) |
                                   bit_of(ZYDIS_REGISTER_R10) |
                                   bit_of(ZYDIS_REGISTER_R11);

struct Instruction {
  std::uint64_t at = 0;
  ZydisDecodedInstruction head;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;

  std::uint64_t end() const { return at + head.length; }
  std::span<const ZydisDecodedOperand> all() const {
    return std::span(operands).first(head.operand_count);
  }
  std::span<const ZydisDecodedOperand> visible() const {
    return std::span(operands).first(head.operand_count_visible);
  }
};

bool reads(const ZydisDecodedOperand& operand) {
  return operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ;
}
bool writes(const ZydisDecodedOperand& operand) {
  return operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
}
bool is_register(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER;
}
bool is_memory(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_MEMORY;
}
bool is_computed_only(const ZydisDecodedOperand& operand) { // lea
  return is_memory(operand) && operand.mem.type == ZYDIS_MEMOP_TYPE_AGEN;
}

/// What turns an address into another one in its first operand.
bool makes_address(ZydisMnemonic mnemonic) {
  constexpr std::array kOnes = {ZYDIS_MNEMONIC_MOV, ZYDIS_MNEMONIC_LEA,
                                ZYDIS_MNEMONIC_ADD, ZYDIS_MNEMONIC_SUB};
  return std::ranges::find(kOnes, mnemonic) != kOnes.end();
}

bool only_looks(ZydisMnemonic mnemonic) {
  return mnemonic == ZYDIS_MNEMONIC_CMP || mnemonic == ZYDIS_MNEMONIC_TEST;
}

bool is_string_copy(ZydisMnemonic mnemonic) {
  constexpr std::array kOnes = {ZYDIS_MNEMONIC_MOVSB, ZYDIS_MNEMONIC_MOVSW,
                                ZYDIS_MNEMONIC_MOVSD, ZYDIS_MNEMONIC_MOVSQ};
  return std::ranges::find(kOnes, mnemonic) != kOnes.end();
}

std::optional<Instruction> decode_in(const elf::Section& code, std::uint64_t at) {
  static const ZydisDecoder decoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  Instruction found;
  found.at = at;
  if (at >= code.data.size() ||
      ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code.data.data() + at,
                                         code.data.size() - at, &found.head,
                                         found.operands.data())))
    return std::nullopt;
  return found;
}

/// The instruction that has this field.
std::optional<Instruction> instruction_of(const elf::Section& code,
                                          const elf::Relocation& field) {
  auto found = decode_in(code, 0);
  while (found && found->end() <= field.offset)
    found = decode_in(code, found->end());
  return found;
}

bool is_at(const Instruction& instruction, std::uint8_t field,
           const elf::Relocation& relocation) {
  return field && instruction.at + field == relocation.offset;
}

enum class Question { kIsOnlyRead, kIsStored };

class Flow {
 public:
  Flow(const elf::Section& code, const elf::Relocation& address,
       const CalleeTable& callees, std::span<const OtherWay> ways)
      : question_(Question::kIsOnlyRead), code_(code), address_(address),
        callees_(&callees), ways_(ways) {}
  Flow(const elf::Section& code, const elf::Relocation& address, const PlaceTable& spared)
      : question_(Question::kIsStored), code_(code), address_(address), spared_(&spared) {
  }

  /// Whether nothing was found that keeps the address.
  bool run() {
    const auto origin = instruction_of(code_, address_);
    if (!origin)
      return passes_over();
    if (!begin(*origin))
      return false;
    while (!waiting_.empty()) {
      const auto [at, holders] = waiting_.back();
      waiting_.pop_back();
      if (!step(at, holders))
        return false;
    }
    return true;
  }

 private:
  /// Whether to go on after what may keep the address elsewhere than in memory.
  bool passes_over() const { return question_ == Question::kIsStored; }

  /// The same of a place in memory that an instruction writes it to.
  bool passes_over(const Instruction& instruction,
                   const ZydisDecodedOperand& place) const {
    if (!passes_over())
      return false;
    if (place.mem.base == ZYDIS_REGISTER_RSP)
      return true;
    const auto named = std::ranges::find_if(code_.relocations, [&](const auto& one) {
      return is_at(instruction, instruction.head.raw.disp.offset, one);
    });
    return named != code_.relocations.end() && (*spared_)(*named);
  }

  std::optional<Instruction> decode(std::uint64_t at) const {
    return decode_in(code_, at);
  }

  void go_on(std::uint64_t at, Registers holders) {
    if (holders && seen_.emplace(at, holders).second)
      waiting_.emplace_back(at, holders);
  }

  /// The instruction with the relocation: false if it keeps the address.
  bool begin(const Instruction& origin) {
    const auto operands = origin.visible();
    if (is_at(origin, origin.head.raw.disp.offset, address_)) {
      const auto memory = std::ranges::find_if(operands, is_memory);
      if (memory == operands.end() || writes(*memory))
        return passes_over(); // into what it is the address of
      if (is_computed_only(*memory))
        go_on(origin.end(), bit(operands[0].reg.value));
      return true;
    }
    const bool is_immediate = is_at(origin, origin.head.raw.imm[0].offset, address_);
    if (is_immediate && is_memory(operands[0]) && writes(operands[0]))
      return passes_over(origin, operands[0]);
    if (!is_immediate || !is_register(operands[0]))
      return passes_over();
    if (only_looks(origin.head.mnemonic))
      return true;
    go_on(origin.end(), bit(operands[0].reg.value));
    return makes_address(origin.head.mnemonic) || passes_over();
  }

  bool step(std::uint64_t at, Registers holders) {
    const auto instruction = decode(at);
    if (!instruction)
      return passes_over();
    for (const OtherWay& way : ways_)
      if (way.from == at) {
        go_on(way.to, holders);
        go_on(instruction->end(), holders);
      }
    switch (instruction->head.meta.category) {
    case ZYDIS_CATEGORY_RET: return passes_over() || !(holders & bit(ZYDIS_REGISTER_RAX));
    case ZYDIS_CATEGORY_CALL: return call(*instruction, holders);
    case ZYDIS_CATEGORY_COND_BR:
      go_on(instruction->end(), holders);
      return jump(*instruction, holders);
    case ZYDIS_CATEGORY_UNCOND_BR: return jump(*instruction, holders);
    default: return compute(*instruction, holders);
    }
  }

  const elf::Relocation* relocation_in(const Instruction& instruction) const {
    const auto found = std::ranges::find_if(code_.relocations, [&](const auto& one) {
      return one.offset >= instruction.at && one.offset < instruction.end();
    });
    return found == code_.relocations.end() ? nullptr : &*found;
  }

  /// What the function that is called does with what it is handed.
  Handed handed(const Instruction& instruction, Registers holders) const {
    if (!(holders & kArguments))
      return Handed::kRead;
    const elf::Relocation* to = relocation_in(instruction);
    return to && is_at_branch(instruction) ? (*callees_)(*to) : Handed::kKept;
  }

  static bool is_at_branch(const Instruction& instruction) {
    return instruction.head.raw.imm[0].size > 0 &&
           instruction.head.raw.imm[0].is_relative;
  }

  bool call(const Instruction& instruction, Registers holders) {
    const Handed what = passes_over() ? Handed::kRead : handed(instruction, holders);
    if (what == Handed::kKept)
      return false;
    go_on(instruction.end(),
          (holders & ~kLostInCalls) |
              (what == Handed::kReturned ? bit(ZYDIS_REGISTER_RAX) : 0));
    return true;
  }

  /// Within the function, or to another one instead of calling it and returning.
  bool jump(const Instruction& instruction, Registers holders) {
    if (!is_at_branch(instruction))
      return passes_over();
    if (relocation_in(instruction)) // or to a part of this one that lies elsewhere
      return passes_over() ||
             (!(holders & ~kArguments) && handed(instruction, holders) == Handed::kRead);
    go_on(instruction.end() +
              static_cast<std::uint64_t>(instruction.head.raw.imm[0].value.s),
          holders);
    return true;
  }

  /// Whether anything is written to a place that the address leads to.
  static bool writes_there(const Instruction& instruction, Registers holders) {
    return std::ranges::any_of(instruction.all(), [&](const auto& operand) {
      return is_memory(operand) && writes(operand) &&
             ((bit(operand.mem.base) | bit(operand.mem.index)) & holders);
    });
  }

  static bool uses_register(const Instruction& instruction, Registers holders) {
    return std::ranges::any_of(instruction.all(), [&](const auto& operand) {
      return (is_register(operand) && reads(operand) &&
              (bit(operand.reg.value) & holders)) ||
             (is_computed_only(operand) &&
              ((bit(operand.mem.base) | bit(operand.mem.index)) & holders));
    });
  }

  static bool is_zeroing(const Instruction& instruction) {
    const auto operands = instruction.visible();
    return instruction.head.mnemonic == ZYDIS_MNEMONIC_XOR && is_register(operands[0]) &&
           is_register(operands[1]) && operands[0].reg.value == operands[1].reg.value;
  }

  bool compute(const Instruction& instruction, Registers holders) {
    const ZydisMnemonic mnemonic = instruction.head.mnemonic;
    if (writes_there(instruction, holders) && !passes_over())
      return false;
    Registers after = holders;
    if (!is_string_copy(mnemonic))
      for (const ZydisDecodedOperand& operand : instruction.all())
        if (is_register(operand) && (operand.actions & ZYDIS_OPERAND_ACTION_WRITE) &&
            operand.size >= 32)
          after &= ~bit(operand.reg.value);
    const bool is_used = !is_zeroing(instruction) && uses_register(instruction, holders);
    if (is_used && !is_string_copy(mnemonic) && !only_looks(mnemonic)) {
      const ZydisDecodedOperand& result = instruction.operands[0];
      const bool is_kept = makes_address(mnemonic) || is_conditional_move(instruction);
      if (is_memory(result) ? !passes_over(instruction, result)
                            : !(is_register(result) && is_kept) && !passes_over())
        return false;
      if (is_register(result) && is_kept)
        after |= bit(result.reg.value);
    }
    go_on(instruction.end(), after);
    return true;
  }

  static bool is_conditional_move(const Instruction& instruction) {
    return instruction.head.meta.category == ZYDIS_CATEGORY_CMOV;
  }

  Question question_;
  const elf::Section& code_;
  const elf::Relocation& address_;
  const CalleeTable* callees_ = nullptr; ///< for what is only read
  std::span<const OtherWay> ways_;
  const PlaceTable* spared_ = nullptr; ///< for what is stored
  std::vector<std::pair<std::uint64_t, Registers>> waiting_;
  std::set<std::pair<std::uint64_t, Registers>> seen_;
};

} // namespace

bool is_in_place_x86_64(const elf::Section& code, const elf::Relocation& address) {
  const auto instruction = instruction_of(code, address);
  return instruction && is_at(*instruction, instruction->head.raw.disp.offset, address) &&
         std::ranges::none_of(instruction->visible(), is_computed_only);
}

bool is_only_read_x86_64(const elf::Section& code, const elf::Relocation& address,
                         const CalleeTable& callees, std::span<const OtherWay> ways) {
  return Flow(code, address, callees, ways).run();
}

bool is_stored_x86_64(const elf::Section& code, const elf::Relocation& address,
                      const PlaceTable& spared) {
  return !Flow(code, address, spared).run();
}

} // namespace kpatch::arch
