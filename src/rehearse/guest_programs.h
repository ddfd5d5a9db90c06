// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"

#include <filesystem>
#include <string_view>

namespace kpatch::rehearse {

/// The processor of this host. Throws Error if it is not a supported one.
const arch::Arch& host_processor();

/// The user land of the guest.
struct GuestPrograms {
  std::filesystem::path busybox;
  std::filesystem::path kpatch;
};

/// Both in `directory`, or, if that is empty, the busybox of this host and the program
/// that runs. Throws Error, with the way to get them, if they are missing or for another
/// processor.
GuestPrograms find_guest_programs(const arch::Arch& guest,
                                  const std::filesystem::path& directory);

/// Throws Error for an ELF file that the guest cannot run: one of another processor, or
/// one with shared libraries, which can be found for this host's processor only.
void require_guest_program(const arch::Arch& guest, const std::filesystem::path& program);

} // namespace kpatch::rehearse
