// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <string>

namespace kpatch::runtime {

/// How often what is waited for is looked at.
inline constexpr std::chrono::milliseconds kPollInterval{100};
/// How long a transition may take before the kernel is asked to hurry, and after that.
inline constexpr std::chrono::seconds kTransitionPatience{15};
inline constexpr std::chrono::seconds kStalledPatience{60};

/// Waits for the end of the patch's transition, in either direction, telling of it. False
/// if it has stalled for good.
bool wait_for_transition(Host& host, const std::string& patch);

/// Names the tasks that the patch waits for; says nothing if there are none.
void show_stalled_tasks(Host& host, const std::string& patch);

/// Asks stalled tasks to move. Kernels since 5.1 do it by themselves every 15 seconds and
/// have no such attribute; false then.
bool signal_stalled_tasks(Host& host, const std::string& patch);

} // namespace kpatch::runtime
