// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <optional>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// A patch as /sys/kernel/livepatch shows it.
struct PatchState {
  std::string name;
  bool enabled = false;
  bool in_transition = false;
  std::optional<int> stack_order; ///< kernels that tell; 1 is the oldest
};

/// A task that keeps a transition from ending.
struct StalledTask {
  std::string id;
  std::string command;
  std::string stack;
};

/// A function for which the newest patch is the one that counts.
struct PatchedFunction {
  std::string patch;
  std::string object;
  std::string function; ///< `name,occurrence`
  bool in_transition = false;
};

/// All in sysfs, by name; empty on a kernel without live patching.
std::vector<PatchState> read_patches(const Places& places);
std::optional<PatchState> find_patch(const Places& places, const std::string& name);

std::vector<StalledTask> find_stalled_tasks(const Places& places,
                                            const PatchState& patch);

/// Sorted by object and function; empty if the kernel does not tell the stack order.
std::vector<PatchedFunction> read_patched_functions(const Places& places);

/// Whether the module is in the kernel, enabled or not.
bool is_module_loaded(const Places& places, const std::string& name);
/// Users of the module; nothing if the kernel does not tell.
std::optional<long> module_users(const Places& places, const std::string& name);

} // namespace kpatch::runtime
