// SPDX-License-Identifier: GPL-2.0-or-later
//
// What stands at the places that a module lists for the kernel: the kernel rewrites them,
// and stops or warns where it finds something else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kpatch::arch {

enum class LabelCode { kOther, kNop, kJump };

class CodeSites {
 public:
  virtual ~CodeSites() = default;

  using Code = std::span<const std::uint8_t>; ///< from the place to the section's end

  /// What a jump label is before the kernel first rewrites it.
  virtual LabelCode label(Code code) const = 0;
  /// Whether objtool has to make a NOP of labels whose key has bit 1 set.
  virtual bool labels_need_objtool() const = 0;
  /// A call, or a jump that ends a function, with a field for its target behind it.
  virtual bool is_call(Code code) const = 0;
  virtual bool is_jump(Code code) const = 0;
  /// How many bytes before its field a call or jump begins, and its whole length.
  virtual std::size_t branch_opcode() const = 0;
  virtual std::size_t branch_length() const = 0;
  /// What BUG() and WARN() compile to.
  virtual bool is_trap(Code code) const = 0;
  /// An instruction prefix that makes it atomic.
  virtual bool is_lock(Code code) const = 0;
  /// An instruction that computes an address and uses nothing of what is there.
  virtual bool only_takes_address(Code code) const = 0;
  virtual bool is_indirect_thunk(std::string_view symbol) const = 0;
  /// What traced functions call at their start.
  virtual std::string_view ftrace_call() const = 0;
};

} // namespace kpatch::arch
