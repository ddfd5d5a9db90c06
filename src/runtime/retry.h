// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/interrupt.h"
#include "runtime/host.h"

#include <cerrno>

namespace kpatch::runtime {

inline constexpr int kBusyAttempts = 5;
inline constexpr std::chrono::seconds kBusyPause{2};

/// Calls `attempt`, which returns 0 or an errno, again while the answer is EBUSY, since
/// the kernel allows one transition at a time, or EAGAIN, since a BPF program may be on
/// its way to or from a patched function (bpf_tramp_ftrace_ops_func in
/// kernel/bpf/trampoline.c).
template <typename Attempt>
int retry_while_busy(Host& host, Attempt attempt) {
  for (int made = 1;; ++made) {
    const int reason = attempt();
    if ((reason != EBUSY && reason != EAGAIN) || made == kBusyAttempts ||
        is_interrupted())
      return reason;
    host.warn("retrying...");
    host.kernel.wait(kBusyPause);
  }
}

} // namespace kpatch::runtime
