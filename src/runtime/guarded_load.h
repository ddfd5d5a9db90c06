// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/operations.h"

#include <string>

namespace kpatch::runtime {

/// What must hold after a patch has come into force; without it the patch is taken back.
struct Guard {
  std::string check;  ///< shell script that succeeds if all is well; empty: none
  std::string metric; ///< shell command that must succeed every second; empty: none
  std::string kernel_log = "/dev/kmsg";
  std::chrono::seconds watch{0}; ///< how long the kernel log must stay clean

  bool is_set() const { return !check.empty() || !metric.empty() || watch.count() > 0; }
};

/// load_patch(), and back to what was before, with Error of status kTakenBack, if the
/// guard finds something.
Exit load_guarded(Host& host, const std::string& module, const LoadOptions& options,
                  const Guard& guard);

} // namespace kpatch::runtime
