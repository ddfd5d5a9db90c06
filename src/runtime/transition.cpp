// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch takes effect task by task: each moves over when it is seen outside all patched
// functions. That is a matter of a second or two, but a task that sleeps inside one can
// hold it up for as long as it sleeps. Nothing is broken while this lasts, yet no other
// patch can be loaded or unloaded, so somebody has to decide; the names and stacks of the
// tasks are what is needed for that.
#include "runtime/transition.h"

#include "runtime/livepatch_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace kpatch::runtime {

namespace {

bool is_in_transition(const Host& host, const std::string& name) {
  const std::optional<PatchState> patch = find_patch(host.places, name);
  return patch && patch->in_transition;
}

/// True if the transition ended within the time.
bool wait_up_to(Host& host, const std::string& patch, std::chrono::seconds patience) {
  host.say(fmt::format("waiting (up to {} seconds) for patch transition to complete...",
                       patience.count()));
  for (std::chrono::milliseconds waited{0}; waited < patience; waited += kPollInterval) {
    if (!is_in_transition(host, patch)) {
      host.say(fmt::format("transition complete ({} seconds)",
                           std::chrono::ceil<std::chrono::seconds>(waited).count()));
      return true;
    }
    host.kernel.wait(kPollInterval);
  }
  return !is_in_transition(host, patch);
}

} // namespace

bool wait_for_transition(Host& host, const std::string& patch) {
  if (!is_in_transition(host, patch) || wait_up_to(host, patch, kTransitionPatience))
    return true;
  host.say("patch transition has stalled!");
  signal_stalled_tasks(host, patch);
  return wait_up_to(host, patch, kStalledPatience);
}

void show_stalled_tasks(Host& host, const std::string& name) {
  const std::optional<PatchState> patch = find_patch(host.places, name);
  if (!patch || !patch->in_transition)
    return;
  const std::vector<StalledTask> tasks = find_stalled_tasks(host.places, *patch);
  if (tasks.empty())
    return;
  host.say("");
  host.say("Stalled processes:");
  for (const StalledTask& task : tasks) {
    host.say(fmt::format("{} {}", task.id, task.command));
    host.say("stack:");
    host.say(task.stack);
  }
}

bool signal_stalled_tasks(Host& host, const std::string& patch) {
  const std::filesystem::path attribute = host.places.livepatch() / patch / "signal";
  std::error_code ignored;
  if (!std::filesystem::exists(attribute, ignored))
    return false;
  host.say("signaling stalled process(es):");
  return host.kernel.write_attribute(attribute, "1") == 0;
}

} // namespace kpatch::runtime
