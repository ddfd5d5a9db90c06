// SPDX-License-Identifier: GPL-2.0-or-later
//
// The defaults: a processor with instructions of four bytes whose addends mean what they
// say.
#include "arch/arch.h"

#include "arch/registry.h"
#include "base/endian.h"
#include "base/error.h"

#include <algorithm>
#include <array>

namespace kpatch::arch {

namespace {

constexpr std::size_t kFixedInstruction = 4;

/// Functions that are handed `__LINE__`, and in kernel sources nothing else that varies,
/// as second or third argument: include/asm-generic/bug.h, linux/kernel.h,
/// linux/rcupdate.h, fs/btrfs.
constexpr std::array<std::string_view, 10> kLineReporters = {"__warn_printk",
                                                             "__might_sleep",
                                                             "___might_sleep",
                                                             "__might_fault",
                                                             "printk",
                                                             "_printk",
                                                             "lockdep_rcu_suspicious",
                                                             "__btrfs_abort_transaction",
                                                             "__btrfs_handle_fs_error",
                                                             "__btrfs_panic"};

} // namespace

std::size_t Arch::instruction_length(std::span<const std::uint8_t> code) const {
  return code.size() >= kFixedInstruction ? kFixedInstruction : 0;
}

std::int64_t Arch::target_offset(const elf::Section&, const elf::Relocation& relocation,
                                 const InstructionEnds&) const {
  return relocation.addend;
}

std::uint64_t Arch::mcount_site(const FunctionView& function) const {
  fail("{}: {}: no mcount call site is known for {}", function.object.label,
       function.symbol.name, name());
}

std::uint64_t Arch::patchable_entry_offset(const FunctionView& function) const {
  fail("{}: {}: no patchable function entry is known for {}", function.object.label,
       function.symbol.name, name());
}

bool Arch::takes_line_number(std::string_view callee) const {
  return callee.starts_with("warn_slowpath_") ||
         std::ranges::find(kLineReporters, callee) != kLineReporters.end();
}

std::optional<Immediate> find_immediate(std::span<const std::uint8_t> instruction,
                                        std::endian order,
                                        std::span<const ImmediateForm> forms) {
  if (instruction.size() != kFixedInstruction)
    return std::nullopt;
  const auto word = load<std::uint32_t>(instruction, 0, order);
  for (const ImmediateForm& form : forms) {
    if ((word & form.mask) != form.match)
      continue;
    const std::uint32_t field = ((1U << form.bits) - 1) << form.shift;
    Immediate found{(word & field) >> form.shift, Bytes(kFixedInstruction)};
    store(found.rest, 0, word & ~field, order);
    return found;
  }
  return std::nullopt;
}

InstructionEnds instruction_ends(const Arch& arch, const elf::Section& section) {
  InstructionEnds ends;
  const std::span<const std::uint8_t> code(section.data);
  for (std::size_t at = 0; at < code.size();) {
    const std::size_t length = arch.instruction_length(code.subspan(at));
    if (length == 0)
      fail("can't decode instruction in section {} at offset {:#x}", section.name, at);
    at += length;
    ends.push_back(at);
  }
  return ends;
}

} // namespace kpatch::arch
