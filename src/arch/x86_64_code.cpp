// SPDX-License-Identifier: GPL-2.0-or-later
//
// The same x86 code can have two encodings. A jump to a function near by takes two bytes
// if the assembler sees both in one section, and five with -ffunction-sections, where the
// linker fills the distance in. What follows such a jump is then shifted, so distances
// within the function differ and so does the padding that aligns loops. The slow way
// below walks both codes by instructions, pairs them, and wants every branch of ours to
// lead to the partner of what theirs leads to.
//
//   ours:   e9 <relocation: simple_strtoull>     theirs:  eb f1
//
// Loops may be aligned by more than functions are: gcc 14 puts .p2align 5 before small
// ones, while functions begin at multiples of 16. How long the padding before such a loop
// is depends on where the function begins.
//
// A jump label has two bytes where a short jump would reach its target, and five where
// not, which padding between them can decide.
//
// A distance from an instruction to a place in its own function, as a function that calls
// itself has it, needs no relocation: the assembler writes it, and it too grows and
// shrinks with what lies between.
#include "arch/x86_64_code.h"

#include "arch/x86_64_newer.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace kpatch::arch {

namespace {

using View = std::span<const std::uint8_t>;

struct Decoded {
  ZydisDecodedInstruction instruction;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

const ZydisDecoder& decoder() {
  static const ZydisDecoder decoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  return decoder;
}

bool decode(View code, ZydisDecodedInstruction& instruction) {
  if (code.empty())
    return false;
  if (ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder(), nullptr, code.data(),
                                                 code.size(), &instruction)))
    return true;
  instruction = {};
  instruction.length = static_cast<ZyanU8>(newer_x86_64_length(code));
  return instruction.length > 0;
}

bool is_jump(const ZydisDecodedInstruction& instruction) {
  return (instruction.meta.category == ZYDIS_CATEGORY_COND_BR ||
          instruction.meta.category == ZYDIS_CATEGORY_UNCOND_BR) &&
         instruction.raw.imm[0].is_relative && instruction.raw.imm[0].size > 0;
}

/// The field of an instruction that counts from where the instruction ends.
struct Distance {
  std::uint64_t begin = 0, size = 0; ///< of the field
  std::int64_t value = 0;
};

std::optional<Distance> distance_of(const ZydisDecodedInstruction& instruction) {
  const auto& immediate = instruction.raw.imm[0];
  if (immediate.size > 0 && immediate.is_relative)
    return Distance{immediate.offset, immediate.size / 8U, immediate.value.s};
  const bool is_by_place = (instruction.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0 &&
                           instruction.raw.modrm.mod == 0 &&
                           instruction.raw.modrm.rm == 5;
  const auto& displacement = instruction.raw.disp;
  if (is_by_place && displacement.size > 0)
    return Distance{displacement.offset, displacement.size / 8U, displacement.value};
  return std::nullopt;
}

bool is_padding(const ZydisDecodedInstruction& instruction) {
  return instruction.mnemonic == ZYDIS_MNEMONIC_NOP ||
         instruction.mnemonic == ZYDIS_MNEMONIC_INT3;
}

/// The least that x86-64 kernels have (arch/x86/Kconfig: FUNCTION_ALIGNMENT_16B).
constexpr std::uint64_t kFunctionAlignment = 16;
/// Cache lines: compilers align no loop by more.
constexpr std::uint64_t kMostLoopAlignment = 64;

class Walk {
 public:
  explicit Walk(const CodePair& code) : code_(code) {}

  CodeComparison run() {
    while (ours_ < code_.ours.size())
      if (!step())
        return different(ours_, theirs_);
    for (const Branch& branch : branches_)
      if (!leads_to_partner(branch))
        return different(branch.ours, branch.theirs);
    result_.equal = true;
    return std::move(result_);
  }

 private:
  /// A jump within the function.
  struct Branch {
    std::uint64_t ours, theirs;
    std::int64_t our_target, their_target;
  };

  CodeComparison different(std::uint64_t ours, std::uint64_t theirs) {
    result_.equal = false;
    result_.our_difference = ours;
    result_.their_difference = theirs;
    return std::move(result_);
  }

  bool is_open(std::uint64_t begin, std::uint64_t size) const {
    return std::ranges::any_of(std::span(code_.open).subspan(begin, size),
                               [](std::uint8_t bits) { return bits != 0; });
  }

  bool same_bytes(std::uint64_t begin, std::uint64_t end) const {
    for (std::uint64_t i = begin; i < end; ++i)
      if (!code_.open[ours_ + i] && code_.ours[ours_ + i] != code_.theirs[theirs_ + i])
        return false;
    return true;
  }

  /// Where the instruction refers to in its own function, if no relocation says where.
  std::optional<std::int64_t>
  place_in_function(const ZydisDecodedInstruction& our) const {
    const auto distance = distance_of(our);
    if (!distance || is_open(ours_ + distance->begin, distance->size))
      return std::nullopt;
    const std::int64_t place =
        static_cast<std::int64_t>(ours_) + our.length + distance->value;
    const auto end = static_cast<std::int64_t>(code_.ours.size());
    return place >= 0 && place < end ? std::optional(place) : std::nullopt;
  }

  void pair(const ZydisDecodedInstruction& our, const ZydisDecodedInstruction& their,
            std::int64_t target) {
    result_.pairs.push_back({ours_, theirs_, our.length, their.length, target});
    partner_[static_cast<std::int64_t>(ours_)] = static_cast<std::int64_t>(theirs_);
    ours_ += our.length;
    theirs_ += their.length;
  }

  bool step() {
    ZydisDecodedInstruction our;
    ZydisDecodedInstruction their;
    if (theirs_ > code_.theirs.size() || !decode(code_.ours.subspan(ours_), our) ||
        !decode(code_.theirs.subspan(theirs_), their) ||
        ours_ + our.length > code_.ours.size())
      return false;
    if (is_jump(our) && is_jump(their) && our.mnemonic == their.mnemonic)
      return pair_jumps(our, their);
    if (our.length == their.length) {
      if (const auto place = place_in_function(our))
        return pair_with_place(our, their, *place);
      if (same_bytes(0, our.length)) {
        pair(our, their, 0);
        return true;
      }
    }
    if (is_label_of_another_width(our, their)) {
      is_shifted_ = true;
      pair(our, their, 0);
      return true;
    }
    // Before the first shift padding is the same; a NOP may be a jump label.
    is_shifted_ = is_shifted_ || differ_by_alignment();
    const bool skip_ours = is_shifted_ && is_padding(our) && !is_open(ours_, our.length);
    const bool skip_theirs = is_shifted_ && is_padding(their);
    if (skip_ours) {
      partner_[static_cast<std::int64_t>(ours_)] = static_cast<std::int64_t>(theirs_);
      ours_ += our.length;
    }
    if (skip_theirs)
      theirs_ += their.length;
    return skip_ours || skip_theirs;
  }

  bool is_label_of_another_width(const ZydisDecodedInstruction& our,
                                 const ZydisDecodedInstruction& their) const {
    constexpr std::uint8_t kShort = 2, kLong = 5;
    return code_.labels.contains(ours_) && our.mnemonic == ZYDIS_MNEMONIC_NOP &&
           their.mnemonic == ZYDIS_MNEMONIC_NOP &&
           std::min(our.length, their.length) == kShort &&
           std::max(our.length, their.length) == kLong;
  }

  /// Where the padding at `at` ends; `at` if there is none.
  std::uint64_t end_of_padding(View code, std::uint64_t at, bool is_ours) const {
    ZydisDecodedInstruction instruction;
    while (at < code.size() && decode(code.subspan(at), instruction) &&
           is_padding(instruction) && !(is_ours && is_open(at, instruction.length)))
      at += instruction.length;
    return at;
  }

  /// Whether both go on at a place that is aligned, as two functions of which one begins
  /// elsewhere between such places. Until then they have the same layout, so one has as
  /// much more padding as it begins before the other: no NOP is as long.
  bool differ_by_alignment() const {
    const std::uint64_t our_end = end_of_padding(code_.ours, ours_, true);
    const std::uint64_t their_end = end_of_padding(code_.theirs, theirs_, false);
    return our_end != their_end && our_end % kFunctionAlignment == 0 &&
           their_end % kFunctionAlignment == 0 && our_end - ours_ < kMostLoopAlignment &&
           their_end - theirs_ < kMostLoopAlignment;
  }

  bool pair_jumps(const ZydisDecodedInstruction& our,
                  const ZydisDecodedInstruction& their) {
    const std::int64_t their_target =
        static_cast<std::int64_t>(theirs_) + their.length + their.raw.imm[0].value.s;
    if (!is_open(ours_, our.length))
      branches_.push_back(
          {ours_, theirs_,
           static_cast<std::int64_t>(ours_) + our.length + our.raw.imm[0].value.s,
           their_target});
    is_shifted_ = is_shifted_ || our.length != their.length;
    pair(our, their, their_target);
    return true;
  }

  /// Calls and addresses; jumps are paired above.
  bool pair_with_place(const ZydisDecodedInstruction& our,
                       const ZydisDecodedInstruction& their, std::int64_t place) {
    const Distance ours = *distance_of(our);
    const auto theirs = distance_of(their);
    if (!theirs || !same_bytes(0, ours.begin) ||
        !same_bytes(ours.begin + ours.size, our.length))
      return false;
    const std::int64_t their_place =
        static_cast<std::int64_t>(theirs_) + their.length + theirs->value;
    branches_.push_back({ours_, theirs_, place, their_place});
    pair(our, their, 0);
    return true;
  }

  bool leads_to_partner(const Branch& branch) const {
    const auto end = static_cast<std::int64_t>(code_.ours.size());
    const auto found = partner_.find(branch.our_target);
    if (found == partner_.end())
      return branch.our_target == end &&
             branch.their_target == static_cast<std::int64_t>(theirs_);
    // What both lead to may be padding that only one of them has.
    return found->second == branch.their_target ||
           skip_padding(found->second) == skip_padding(branch.their_target);
  }

  std::int64_t skip_padding(std::int64_t at) const {
    ZydisDecodedInstruction instruction;
    while (at >= 0 && static_cast<std::uint64_t>(at) < code_.theirs.size() &&
           decode(code_.theirs.subspan(static_cast<std::size_t>(at)), instruction) &&
           is_padding(instruction))
      at += instruction.length;
    return at;
  }

  const CodePair& code_;
  CodeComparison result_{.same_layout = false};
  std::uint64_t ours_ = 0;
  std::uint64_t theirs_ = 0;
  bool is_shifted_ = false; ///< a jump or padding before had another width
  std::map<std::int64_t, std::int64_t> partner_; ///< of each offset of ours
  std::vector<Branch> branches_;
};

} // namespace

CodeComparison compare_x86_64_code(const CodePair& code) {
  return Walk(code).run();
}

std::string disassemble_x86_64(View code, std::uint64_t address) {
  Decoded decoded;
  if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder(), code.data(), code.size(),
                                         &decoded.instruction, decoded.operands.data())))
    return {};
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
  std::array<char, 128> text{};
  if (ZYAN_FAILED(ZydisFormatterFormatInstruction(
          &formatter, &decoded.instruction, decoded.operands.data(),
          decoded.instruction.operand_count_visible, text.data(), text.size(), address,
          nullptr)))
    return {};
  return text.data();
}

} // namespace kpatch::arch
