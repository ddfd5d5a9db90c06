// SPDX-License-Identifier: GPL-2.0-or-later
//
// The listing is read by scripts, so its words and their order are an interface.
#include "runtime/livepatch_state.h"
#include "runtime/operations.h"
#include "runtime/prune.h"
#include "runtime/status.h"
#include "runtime/transition.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::runtime {

namespace {

void list_functions(Host& host) {
  std::vector<PatchedFunction> functions = read_patched_functions(host.places);
  if (functions.empty())
    return;
  functions.insert(functions.begin(), {"Module", "Object", "Function/Occurrence", false});
  std::size_t module_width = 0;
  std::size_t object_width = 0;
  for (const PatchedFunction& entry : functions) {
    module_width = std::max(module_width, entry.patch.size());
    object_width = std::max(object_width, entry.object.size());
  }
  host.say("");
  host.say("Currently livepatched functions:");
  for (const PatchedFunction& entry : functions)
    host.say(fmt::format("{:<{}}  {:<{}}  {}{}", entry.patch, module_width, entry.object,
                         object_width, entry.function,
                         entry.in_transition ? " (transition)" : ""));
}

void list_installed(Host& host) {
  host.say("");
  host.say("Installed patch modules:");
  for (const InstalledPatch& patch : read_installed(host.places))
    host.say(fmt::format("{} ({})", patch.name, patch.release));
  tell_of_gone_kernels(host);
}

} // namespace

void list_patches(Host& host) {
  host.say("Loaded patch modules:");
  const std::vector<PatchState> patches = read_patches(host.places);
  for (const PatchState& patch : patches)
    host.say(fmt::format("{} [{}]", patch.name, to_string(condition_of(patch))));
  for (const PatchState& patch : patches)
    show_stalled_tasks(host, patch.name);
  list_installed(host);
  list_functions(host);
}

void signal_patch(Host& host) {
  for (const PatchState& patch : read_patches(host.places)) {
    if (!patch.in_transition)
      continue;
    if (!signal_stalled_tasks(host, patch.name))
      host.warn("this kernel signals stalled tasks by itself, every 15 seconds");
    return;
  }
}

} // namespace kpatch::runtime
