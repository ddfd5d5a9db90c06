// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/patch_note.h"
#include "runtime/host.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// The kernel that the next reboot brings.
struct NextKernel {
  std::string release;
  /// The CVE ids in the changelog of its package; nothing if that is not there.
  std::optional<std::set<std::string>> fixed;
};

/// Nothing if the kernel that runs is the newest that is installed.
std::optional<NextKernel> find_next_kernel(const Places& places);

/// What becomes of a live patch by a reboot.
struct AfterReboot {
  std::string kernel;                 ///< the next one
  std::optional<bool> is_obsolete;    ///< that has all it fixes; nothing: not known
  std::vector<std::string> missing{}; ///< ids that it lacks, as far as is known
  std::string unknown{};              ///< why it is not known
};

/// `info` is what the patch says about itself.
AfterReboot after_reboot(const NextKernel& next, const elf::ModuleInfo& info);

} // namespace kpatch::runtime
