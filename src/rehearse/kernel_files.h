// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace kpatch::rehearse {

/// What booting a kernel takes.
struct KernelFiles {
  std::filesystem::path vmlinuz;
  std::filesystem::path modules_root; ///< has lib/modules/<release>
};

/// Looks for the kernel among those unpacked in the cache and those installed below
/// `root`. Throws Error if it is in neither.
KernelFiles find_kernel_files(const std::string& release,
                              const std::filesystem::path& cache,
                              const std::filesystem::path& root = "/");

} // namespace kpatch::rehearse
