// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"
#include "runtime/module_file.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::runtime {

/// A patch as /sys/kernel/livepatch shows it.
struct PatchState {
  std::string name;
  bool enabled = false;
  bool in_transition = false;
  std::optional<int> stack_order; ///< kernels that tell; 1 is the oldest
  std::optional<bool> replaces;   ///< kernels that tell
  /// The same order, where the kernel does not tell it that of loading.
  int order = 0;
};

/// An object that a patch changes.
struct ObjectState {
  std::string name;            ///< `vmlinux` or a module
  std::optional<bool> patched; ///< kernels that tell; not so while the module is absent
  std::vector<ReplacedFunction> functions;
};

/// A task that keeps a transition from ending.
struct StalledTask {
  std::string id;
  std::string command;
  std::string stack;
  std::vector<ReplacedFunction> patched_functions; ///< of any patch, on its stack
};

/// A function for which the newest patch is the one that counts.
struct PatchedFunction {
  std::string patch;
  std::string object;
  std::string function; ///< `name,occurrence`
  bool in_transition = false;
};

/// All in sysfs, sorted by name; empty on a kernel without live patching.
std::vector<PatchState> read_patches(const Places& places);
std::optional<PatchState> find_patch(const Places& places, const std::string& name);

/// What the patch changes; nothing after its transition out has ended.
std::vector<ObjectState> read_objects(const Places& places, const std::string& patch);

/// How many tasks the patch still waits for.
std::size_t count_stalled_tasks(const Places& places, const PatchState& patch);
std::vector<StalledTask> find_stalled_tasks(const Places& places,
                                            const PatchState& patch);

/// Patched functions that a stack as /proc shows it runs through, outermost last.
std::vector<ReplacedFunction>
functions_on_stack(std::string_view stack,
                   const std::vector<ReplacedFunction>& functions);

/// Sorted by object and function; empty if the kernel does not tell the stack order.
std::vector<PatchedFunction> read_patched_functions(const Places& places);

/// Whether the module is in the kernel, enabled or not.
bool is_module_loaded(const Places& places, const std::string& name);
/// Whether the kernel counts the module as a live patch, enabled or not; nothing if it
/// does not tell.
std::optional<bool> is_livepatch_module(const Places& places, const std::string& name);
/// What a loaded patch says about itself; empty if it says nothing.
elf::ModuleInfo read_patch_note(const Places& places, const std::string& name);
/// Modules of live patches that are not in effect: replaced or disabled ones.
std::vector<std::string> read_remains(const Places& places);
/// Users of the module; nothing if the kernel does not tell.
std::optional<long> module_users(const Places& places, const std::string& name);

} // namespace kpatch::runtime
