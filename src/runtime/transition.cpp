// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch takes effect task by task: each moves over when it is seen outside all patched
// functions. That is a matter of a second or two, but a task that sleeps inside one can
// hold it up for as long as it sleeps. Nothing is broken while this lasts, yet no other
// patch can be loaded or unloaded, so somebody has to decide; the names and stacks of the
// tasks are what is needed for that.
#include "runtime/transition.h"

#include "base/interrupt.h"
#include "runtime/attributes.h"
#include "runtime/function_users.h"
#include "runtime/livepatch_state.h"
#include "runtime/retry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace kpatch::runtime {

namespace {

constexpr std::chrono::seconds kCountInterval{1};

bool is_in_transition(const Host& host, const std::string& name) {
  const std::optional<PatchState> patch = find_patch(host.places, name);
  return patch && patch->in_transition;
}

/// How far a transition has got.
struct Progress {
  std::size_t tasks = 0;     ///< that have not moved
  std::size_t functions = 0; ///< redirected, by this patch or others

  /// With all tasks moved, a patch that goes is taken out function by function, and for
  /// each the kernel waits until nobody can be in ftrace's code (kernel/trace/ftrace.c:
  /// ftrace_shutdown): hundreds of functions take minutes, and nobody is in the way.
  bool takes_out_functions(const Progress& before) const {
    return tasks == 0 && functions < before.functions;
  }
};

std::optional<Progress> look(const Host& host, const std::string& name) {
  const std::optional<PatchState> patch = find_patch(host.places, name);
  if (!patch || !patch->in_transition)
    return std::nullopt;
  return Progress{count_stalled_tasks(host.places, *patch),
                  count_redirected(host.places)};
}

void show_progress(const Host& host, const std::string& name, const Progress& progress,
                   bool takes_out_functions, std::chrono::milliseconds waited) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(waited).count();
  if (takes_out_functions)
    host.progress(fmt::format("{}: no task left after {} s, {} function(s) to take out",
                              name, seconds, progress.functions));
  else
    host.progress(
        fmt::format("{}: {} task(s) left after {} s", name, progress.tasks, seconds));
}

bool is_cut_short(const Waiting& waiting) {
  return is_interrupted() && !waiting.is_way_back;
}

/// True if the transition ended before the kernel did nothing for it for so long.
bool wait_up_to(Host& host, const std::string& patch, std::chrono::seconds patience,
                const Waiting& waiting) {
  host.say(fmt::format("waiting (up to {} seconds) for patch transition to complete...",
                       patience.count()));
  Progress last = look(host, patch).value_or(Progress());
  std::chrono::milliseconds in_vain{0};
  for (std::chrono::milliseconds waited{0}; in_vain < patience && !is_cut_short(waiting);
       waited += kPollInterval, in_vain += kPollInterval) {
    if (!is_in_transition(host, patch)) {
      host.progress("");
      host.say(fmt::format("transition complete ({} seconds)",
                           std::chrono::ceil<std::chrono::seconds>(waited).count()));
      return true;
    }
    // Counting reads a file for each task of the system.
    if (waited.count() > 0 && waited % kCountInterval == kCountInterval.zero())
      if (const std::optional<Progress> now = look(host, patch)) {
        const bool takes_out_functions = now->takes_out_functions(last);
        if (takes_out_functions)
          in_vain = in_vain.zero();
        show_progress(host, patch, *now, takes_out_functions, waited);
        last = *now;
      }
    host.kernel.wait(kPollInterval);
  }
  host.progress("");
  return !is_in_transition(host, patch);
}

std::string names_of(const std::vector<ReplacedFunction>& functions) {
  std::string names;
  for (const ReplacedFunction& function : functions)
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", function.name,
                         function.object);
  return names;
}

} // namespace

bool wait_for_transition(Host& host, const std::string& patch, const Waiting& waiting) {
  const std::chrono::seconds all =
      waiting.timeout.value_or(kTransitionPatience + kStalledPatience);
  const std::chrono::seconds first = std::min(all, kTransitionPatience);
  if (!is_in_transition(host, patch) || wait_up_to(host, patch, first, waiting))
    return true;
  if (is_cut_short(waiting)) {
    host.warn("interrupted: the transition is not waited for any longer");
    return false;
  }
  host.say("patch transition has stalled!");
  signal_stalled_tasks(host, patch);
  return all > first && wait_up_to(host, patch, all - first, waiting);
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
    if (!task.patched_functions.empty())
      host.say("inside patched: " + names_of(task.patched_functions));
    host.say("stack:");
    host.say(task.stack);
  }
}

bool signal_stalled_tasks(Host& host, const std::string& patch) {
  const std::filesystem::path attribute = host.places.livepatch() / patch / "signal";
  if (!is_there(attribute))
    return false;
  host.say("signaling stalled process(es):");
  return host.kernel.write_attribute(attribute, "1") == 0;
}

int set_enabled(Host& host, const std::string& patch, bool enabled) {
  const std::filesystem::path attribute = host.places.livepatch() / patch / "enabled";
  return retry_while_busy(
      host, [&] { return host.kernel.write_attribute(attribute, enabled ? "1" : "0"); });
}

void force_transition(Host& host, const std::string& patch) {
  const std::filesystem::path attribute = host.places.livepatch() / patch / "force";
  if (!is_there(attribute))
    throw Error(fmt::format("{}: this kernel cannot force a transition", patch),
                "it goes on; `kpatch status` shows it", Exit::kStallKept);
  host.say(fmt::format("forcing the transition of {}", patch));
  const int reason = host.kernel.write_attribute(attribute, "1");
  // The last task may have moved by itself meanwhile.
  if (reason && is_in_transition(host, patch))
    throw Error(fmt::format("{}: the transition cannot be forced: {}", patch,
                            std::strerror(reason)),
                "", Exit::kStallKept);
  for (std::chrono::milliseconds waited{0}; is_in_transition(host, patch);
       waited += kPollInterval) {
    if (waited >= kTransitionPatience)
      throw Error(fmt::format("{}: the forced transition has not ended", patch),
                  "see dmesg", Exit::kStallKept);
    host.kernel.wait(kPollInterval);
  }
  host.warn(fmt::format("the transition of {} was forced: its module can never be "
                        "removed, and tasks may still run old code",
                        patch));
}

Exit stall_exit(const Waiting& waiting, Exit with) {
  return waiting.on_stall ? with : Exit::kError;
}

} // namespace kpatch::runtime
