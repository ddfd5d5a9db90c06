// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/operations.h"

#include <optional>
#include <string>

namespace kpatch::runtime {

/// What must hold after a patch has come into force; without it the patch is taken back.
struct Guard {
  std::string check;  ///< program or shell script that succeeds if all is well; or empty
  std::string metric; ///< shell command that must succeed every second; empty: none
  /// Between these the number must be that the metric prints first.
  std::optional<double> least;
  std::optional<double> most;
  std::string kernel_log = "/dev/kmsg";
  std::chrono::seconds watch{0}; ///< how long the kernel log must stay clean

  bool is_set() const {
    return !check.empty() || !metric.empty() || watch.count() > 0 || least || most;
  }
};

/// load_patch(), and back to what was before, with Error of status kTakenBack, if the
/// guard finds something.
Exit load_guarded(Host& host, const std::string& module, const LoadOptions& options,
                  const Guard& guard);

} // namespace kpatch::runtime
