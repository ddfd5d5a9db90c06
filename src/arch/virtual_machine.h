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
  /// Its first two serial ports, as the kernel calls them below /dev: the console, and
  /// the one that the guest reports over.
  std::string_view console;
  std::string_view report;
  std::string_view kernel_arguments; ///< that kernels of this processor need besides
};

} // namespace kpatch::arch
