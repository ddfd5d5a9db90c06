// SPDX-License-Identifier: GPL-2.0-or-later
//
// Unloading: disable the patch, wait until every task has left it, wait until nobody
// holds the module, remove it. The kernel drops its own hold a moment after the
// transition ends.
#include "base/error.h"
#include "runtime/livepatch_state.h"
#include "runtime/module_file.h"
#include "runtime/operations.h"
#include "runtime/retry.h"
#include "runtime/transition.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kUsersPatience{15};

/// Returns with the patch disabled and its transition over.
void disable_patch(Host& host, const std::string& name) {
  const std::optional<PatchState> patch = find_patch(host.places, name);
  if (!patch) {
    if (is_module_loaded(host.places, name))
      return; // replaced by another one, or disabled before
    host.warn(fmt::format("patch module {} is not loaded", name));
    fail_with_remedy("`kpatch list` shows what is loaded", "failed to disable module {}",
                     name);
  }
  if (patch->enabled) {
    host.say(fmt::format("disabling patch module: {}", name));
    const fs::path attribute = host.places.livepatch() / name / "enabled";
    const int reason = retry_while_busy(
        host, [&] { return host.kernel.write_attribute(attribute, "0"); });
    if (reason)
      fail("failed to disable module {}: {}", name, std::strerror(reason));
  }
  if (wait_for_transition(host, name))
    return;
  show_stalled_tasks(host, name);
  fail_with_remedy("the tasks above sleep in patched functions; run the command again "
                   "when they have moved on",
                   "transition stalled for {}", name);
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

/// True if the patch is disabled now. Where patches are stacked, the kernel may refuse.
bool try_to_unload(Host& host, const std::string& name) {
  const fs::path attribute = host.places.livepatch() / name / "enabled";
  const std::optional<PatchState> patch = find_patch(host.places, name);
  if (patch && patch->enabled && host.kernel.write_attribute(attribute, "0") != 0)
    return false;
  host.say(fmt::format("disabling patch module: {}", name));
  if (!wait_for_transition(host, name)) {
    show_stalled_tasks(host, name);
    return false;
  }
  if (!wait_for_users(host, name))
    return false;
  remove_module(host, name);
  return true;
}

} // namespace

void unload_patch(Host& host, const std::string& module) {
  const std::string name = module_name(module);
  disable_patch(host, name);
  remove_module(host, name);
}

void unload_all_patches(Host& host) {
  std::vector<PatchState> patches = read_patches(host.places);
  bool progress = true;
  while (progress && !patches.empty()) {
    const std::size_t before = patches.size();
    std::erase_if(patches, [&](const PatchState& patch) {
      return try_to_unload(host, patch.name);
    });
    progress = patches.size() < before;
  }
  for (const PatchState& patch : patches)
    host.warn(fmt::format("failed to unload module {}", patch.name));
  if (!patches.empty())
    fail("{} patch module(s) could not be unloaded", patches.size());
}

} // namespace kpatch::runtime
