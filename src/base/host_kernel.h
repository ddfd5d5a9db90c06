// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kpatch {

/// What uname(2) says of the kernel that runs here.
struct HostKernel {
  std::string release; ///< "6.1.0-56-cloud-amd64"
  std::string version; ///< "#1 SMP PREEMPT_DYNAMIC Debian 6.1.190-1 (2026-11-01)"
  std::string machine; ///< "x86_64"
};
HostKernel host_kernel();

} // namespace kpatch
