// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace kpatch::arch {

/// The machine in which QEMU boots kernels of a processor.
struct VirtualMachine {
  std::string_view program; ///< "qemu-system-x86_64"
  std::string_view package; ///< of Debian, that has it
  std::string_view machine; ///< for -machine; empty: QEMU's default
  std::string_view cpu;     ///< for -cpu, when emulated; empty: QEMU's default
  /// Options of QEMU, with a blank between words, that give the machine two ports which
  /// kernels drive without a module, on the character devices `console` and `report`. The
  /// latter must hand on each byte as it is.
  std::string_view ports;
  /// These ports, as the kernel calls them: what console= names, and what the guest
  /// reports over, below /dev.
  std::string_view console;
  std::string_view report;
  std::string_view kernel_arguments; ///< that kernels of this processor need besides
};

} // namespace kpatch::arch
