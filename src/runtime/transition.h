// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "runtime/host.h"

#include <optional>
#include <string>

namespace kpatch::runtime {

/// How often what is waited for is looked at.
inline constexpr std::chrono::milliseconds kPollInterval{100};
/// How long a transition may take before the kernel is asked to hurry, and after that.
inline constexpr std::chrono::seconds kTransitionPatience{15};
inline constexpr std::chrono::seconds kStalledPatience{60};

/// What to do with a transition that does not end.
enum class OnStall {
  kRevert, ///< back to where it came from
  kKeep,   ///< leave it going on
  kForce,  ///< end it at the tasks' risk; the module can never be removed then
};

/// How long to wait for transitions. What is not asked for is as with the classic tool: a
/// load is reverted, an unload kept, and both end with status 1. No time runs while the
/// kernel takes out functions with no task in the way.
struct Waiting {
  std::optional<std::chrono::seconds> timeout; ///< instead of both patiences together
  std::optional<OnStall> on_stall;
  bool is_way_back = false; ///< an interrupt led here and does not cut it short again
};

/// Waits for the end of the patch's transition, in either direction, telling of it. False
/// if it has stalled, or the program was told to end: then, too, what the policy says is
/// done, so that SIGINT and SIGTERM leave nothing half way.
bool wait_for_transition(Host& host, const std::string& patch, const Waiting& waiting);

/// Names the tasks that the patch waits for, with their stacks and the patched functions
/// on these; says nothing if the patch is not in transition.
void show_stalled_tasks(Host& host, const std::string& name);

/// Asks stalled tasks to move. Kernels since 5.1 do it by themselves every 15 seconds and
/// have no such attribute; false then.
bool signal_stalled_tasks(Host& host, const std::string& patch);

/// Writes `enabled`, again and again while another transition keeps the kernel busy.
/// Returns 0 or an errno.
int set_enabled(Host& host, const std::string& patch, bool enabled);

/// Ends the transition although tasks are inside patched functions. Throws Error if the
/// kernel cannot.
void force_transition(Host& host, const std::string& patch);

/// Exit status of a stall that ended in `with`: 1 unless a policy was asked for.
Exit stall_exit(const Waiting& waiting, Exit with);

} // namespace kpatch::runtime
