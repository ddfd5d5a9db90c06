// SPDX-License-Identifier: GPL-2.0-or-later
//
// Unloading: disable the patch, wait until every task has left it, wait until nobody
// holds the module, remove it. The kernel drops its own hold a moment after the
// transition ends.
#include "base/error.h"
#include "base/interrupt.h"
#include "runtime/installed.h"
#include "runtime/livepatch_state.h"
#include "runtime/operations.h"
#include "runtime/outcomes.h"
#include "runtime/replacement.h"
#include "runtime/retry.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kUsersPatience{15};
constexpr const char* kKeptRemedy =
    "the tasks above are inside patched functions; run the command again when they have "
    "moved on";

Exit settle_stalled_unload(Host& host, const std::string& name, const Waiting& waiting) {
  show_stalled_tasks(host, name);
  const OnStall policy = waiting.on_stall.value_or(OnStall::kKeep);
  if (policy == OnStall::kForce) {
    force_transition(host, name);
    return Exit::kStallForced;
  }
  if (policy == OnStall::kKeep)
    throw Error(fmt::format("transition stalled for {}", name), kKeptRemedy,
                stall_exit(waiting, Exit::kStallKept));
  host.warn(fmt::format("module {} did not complete its transition, enabling...", name));
  if (const int reason = set_enabled(host, name, true))
    fail("failed to re-enable module {}: {}", name, std::strerror(reason));
  if (!wait_for_transition(host, name, {.timeout = waiting.timeout, .is_way_back = true}))
    throw Error(fmt::format("transition stalled for {}", name), kKeptRemedy,
                Exit::kStallKept);
  throw Error(fmt::format("error: failed to unload module {} (transition stalled), patch "
                          "enabled",
                          name),
              kKeptRemedy, Exit::kStallReverted);
}

/// Returns with the patch disabled and its transition over.
Exit disable_patch(Host& host, const std::string& name, const Waiting& waiting) {
  const std::optional<PatchState> patch = find_patch(host.places, name);
  if (!patch) {
    if (is_module_loaded(host.places, name))
      return Exit::kSuccess; // replaced by another one, or disabled before
    host.warn(fmt::format("patch module {} is not loaded", name));
    fail_with_remedy("`kpatch list` shows what is loaded", "failed to disable module {}",
                     name);
  }
  if (patch->enabled) {
    host.say(fmt::format("disabling patch module: {}", name));
    if (const int reason = set_enabled(host, name, false))
      throw Error(
          fmt::format("failed to disable module {}: {}", name, std::strerror(reason)),
          reason == EBUSY ? "another transition goes on, or a newer patch is stacked on "
                            "it; `kpatch status` shows both"
                          : "",
          reason == EBUSY ? kTimedOut : kRefusedByKernel);
  }
  if (wait_for_transition(host, name, waiting))
    return Exit::kSuccess;
  return settle_stalled_unload(host, name, waiting);
}

bool wait_for_users(Host& host, const std::string& name) {
  if (module_users(host.places, name).value_or(0) == 0)
    return true;
  host.say(fmt::format("waiting (up to {} seconds) for module refcount...",
                       kUsersPatience.count()));
  for (std::chrono::milliseconds waited{0}; waited < kUsersPatience;
       waited += kPollInterval) {
    host.kernel.wait(kPollInterval);
    if (module_users(host.places, name).value_or(0) == 0)
      return true;
  }
  return false;
}

/// True if the patch is disabled now. Where patches are stacked, the kernel may refuse.
/// A stall is noted in `result`.
bool try_to_unload(Host& host, const std::string& name, const Waiting& waiting,
                   Exit& result) {
  const fs::path attribute = host.places.livepatch() / name / "enabled";
  const std::optional<PatchState> patch = find_patch(host.places, name);
  if (patch && patch->enabled && host.kernel.write_attribute(attribute, "0") != 0)
    return false;
  host.say(fmt::format("disabling patch module: {}", name));
  if (!wait_for_transition(host, name, waiting)) {
    try {
      result = settle_stalled_unload(host, name, waiting);
      return true;
    } catch (const Error& error) {
      host.warn(error.what());
      result = error.exit();
      return false;
    }
  }
  if (!wait_for_users(host, name))
    return false;
  remove_module(host, name);
  return true;
}

} // namespace

void remove_module(Host& host, const std::string& name) {
  if (!wait_for_users(host, name))
    fail_with_remedy(
        "a forced patch, or one that a forced transition replaced, can never "
        "be removed",
        "failed to unload module {} (refcnt)", name);
  host.say(fmt::format("unloading patch module: {}", name));
  if (const int reason =
          retry_while_busy(host, [&] { return host.kernel.remove_module(name); }))
    host.warn(fmt::format("the patch is disabled, but its module {} stays loaded: {}",
                          name, std::strerror(reason)));
}

Exit unload_patch(Host& host, const std::string& argument, const Waiting& waiting) {
  const std::string name = find_module_name(host, argument);
  const Exit result = disable_patch(host, name, waiting);
  if (result == Exit::kStallForced)
    return result; // the kernel holds the module for ever
  remove_module(host, name);
  return result;
}

Exit unload_all_patches(Host& host, const Waiting& waiting) {
  std::vector<PatchState> patches = read_patches(host.places);
  // Before 5.1 the kernel lets go of the newest only.
  std::ranges::stable_sort(patches, std::ranges::greater(), &PatchState::order);
  Exit result = Exit::kSuccess;
  bool progress = true;
  while (progress && !patches.empty() && !is_interrupted()) {
    const std::size_t before = patches.size();
    std::erase_if(patches, [&](const PatchState& patch) {
      return !is_interrupted() && try_to_unload(host, patch.name, waiting, result);
    });
    progress = patches.size() < before;
  }
  for (const PatchState& patch : patches)
    host.warn(fmt::format("failed to unload module {}", patch.name));
  if (!patches.empty())
    throw Error(fmt::format("{} patch module(s) could not be unloaded", patches.size()),
                "", result == Exit::kSuccess ? Exit::kError : result);
  return result;
}

} // namespace kpatch::runtime
