// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "rehearse/module_tree.h"

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::rehearse {

/// What the guest of a rehearsal works with.
struct GuestContent {
  std::string release;               ///< of the kernel
  std::string builtin;               ///< its modules.builtin
  std::vector<ModuleToLoad> modules; ///< in loading order
  std::vector<ModuleToLoad> patches; ///< in loading order
  std::filesystem::path core{};      ///< that takes them; empty: the kernel does
  std::filesystem::path check;       ///< empty: none
  std::vector<std::filesystem::path> programs; ///< for the check, into its PATH
  std::filesystem::path busybox;               ///< its shell and tools
  std::filesystem::path kpatch;                ///< what it loads and unloads with
  unsigned cycles = 1;
  bool each = false;    ///< one patch after the other, not all together
  bool upgrade = false; ///< each in the place of the one before, and back
  bool late = false;    ///< load the modules after the patches
  std::string token;
  std::string report; ///< the device that it reports over: "/dev/ttyS1"
};

/// The initial file system as an archive the kernel boots into.
std::string make_initramfs(const GuestContent& content);

} // namespace kpatch::rehearse
