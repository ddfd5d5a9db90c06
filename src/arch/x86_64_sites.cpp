// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sources: arch/x86/kernel/jump_label.c, static_call.c and alternative.c,
// arch/x86/include/asm/bug.h and jump_label.h; objtool's check.c for bit 1 of keys.
#include "arch/x86_64_code.h"

#include <algorithm>
#include <array>

namespace kpatch::arch {

namespace {

constexpr std::uint8_t kCall = 0xe8;
constexpr std::uint8_t kJump = 0xe9;
constexpr std::uint8_t kShortJump = 0xeb;
constexpr std::uint8_t kRex = 0x40; // 0x40 to 0x4f
constexpr std::uint8_t kLea = 0x8d;
constexpr std::uint8_t kLock = 0xf0;
constexpr std::uint8_t kOperandSize = 0x66;
/// What replaces the prefix where there is one processor only (apply_alternatives).
constexpr std::uint8_t kNoLock = 0x3e;
constexpr std::array<std::uint8_t, 5> kNop5 = {0x0f, 0x1f, 0x44, 0x00, 0x00};
constexpr std::array<std::uint8_t, 2> kNop2 = {0x66, 0x90};
constexpr std::array<std::uint8_t, 2> kTrap = {0x0f, 0x0b};

template <std::size_t N>
bool begins_with(CodeSites::Code code, const std::array<std::uint8_t, N>& bytes) {
  return code.size() >= N && std::ranges::equal(code.first(N), bytes);
}

class X86_64Sites : public CodeSites {
 public:
  LabelCode label(Code code) const override {
    if (begins_with(code, kNop5) || begins_with(code, kNop2))
      return LabelCode::kNop;
    return is_jump(code) || (code.size() >= 2 && code[0] == kShortJump)
               ? LabelCode::kJump
               : LabelCode::kOther;
  }
  bool labels_need_objtool() const override { return true; }
  bool is_call(Code code) const override {
    return code.size() >= branch_length() && code[0] == kCall;
  }
  bool is_jump(Code code) const override {
    return code.size() >= branch_length() && code[0] == kJump;
  }
  std::size_t branch_opcode() const override { return 1; }
  std::size_t branch_length() const override { return 5; }
  bool is_trap(Code code) const override { return begins_with(code, kTrap); }
  // Assemblers put the prefix of 16-bit operands first; the kernel then leaves the
  // instruction as it is (arch/x86/kernel/alternative.c: alternatives_smp_unlock).
  bool is_lock(Code code) const override {
    const Code rest = code.subspan(!code.empty() && code[0] == kOperandSize ? 1 : 0);
    return !rest.empty() && (rest[0] == kLock || rest[0] == kNoLock);
  }
  bool only_takes_address(Code code) const override {
    const bool has_prefix = !code.empty() && (code[0] & 0xf0) == kRex;
    const Code rest = code.subspan(has_prefix ? 1 : 0);
    return !rest.empty() && rest[0] == kLea;
  }
  bool is_indirect_thunk(std::string_view symbol) const override {
    return symbol.starts_with("__x86_indirect_thunk_") ||
           symbol.starts_with("__x86_indirect_call_thunk_") ||
           symbol.starts_with("__x86_indirect_jump_thunk_");
  }
  std::string_view ftrace_call() const override { return kFentry; }
};

} // namespace

const CodeSites& x86_64_sites() {
  static const X86_64Sites sites;
  return sites;
}

} // namespace kpatch::arch
