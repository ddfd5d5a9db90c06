// SPDX-License-Identifier: GPL-2.0-or-later
//
// Loading: the module's own init function enables the patch, so what is left is to wait
// until every task has taken it up. The kernel allows one transition at a time and
// answers EBUSY meanwhile, hence the retries. A patch that does not get through is taken
// out again unless something else was asked for: nobody should be left unknowingly with
// half a patch, which keeps all other patches from being loaded and unloaded.
#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "runtime/attributes.h"
#include "runtime/boot_attempts.h"
#include "runtime/core.h"
#include "runtime/function_users.h"
#include "runtime/installed.h"
#include "runtime/livepatch_state.h"
#include "runtime/load_checks.h"
#include "runtime/operations.h"
#include "runtime/outcomes.h"
#include "runtime/replacement.h"
#include "runtime/retry.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

constexpr const char* kStallRemedy =
    "the tasks above are inside patched functions; try again when they have moved on";

void require_livepatch(const Host& host) {
  if (!is_there(host.places.livepatch()))
    fail_with_remedy("it needs CONFIG_LIVEPATCH=y, or a patch that kpatch-build made for "
                     "this kernel without it; and sysfs must be mounted",
                     "{}: not there: this kernel cannot be live patched",
                     host.places.livepatch().string());
}

bool is_any_in_transition(const Host& host) {
  return std::ranges::any_of(read_patches(host.places), &PatchState::in_transition);
}

/// Why finit_module(2) says what it says, where its errno alone misleads.
std::string load_remedy(const Host& host, int reason) {
  switch (reason) {
  case EPERM: return "loading needs root (CAP_SYS_MODULE), and no lockdown of the kernel";
  case ENOEXEC: return "the module was built for another kernel or is damaged; see dmesg";
  case ENOENT:
  case EINVAL:
    return "most often a function or symbol that it names is not in the kernel; see "
           "dmesg";
  case EEXIST: return "another module of this name is loaded; unload it first";
  case EKEYREJECTED:
  case ENOKEY: return "this kernel accepts signed modules only";
  case EBUSY:
    if (is_tracing_off(host.places))
      return "function tracing is switched off: sysctl kernel.ftrace_enabled=1";
    return is_any_in_transition(host)
               ? "another patch is in transition; `kpatch list` shows it"
               : "no patch is in transition; see dmesg for what the kernel says";
  case EAGAIN:
    return "a BPF program was being attached to a patched function each time, or taken "
           "off; load it again";
  default: return "see dmesg for what the kernel says";
  }
}

/// Tells of all that speaks against it; throws Error if something forbids it.
void run_checks(Host& host, const fs::path& file, const ModuleFile& module) {
  std::string reasons;
  std::string remedies;
  Exit exit = kHeldByOther; // only if nothing else forbids it
  for (const Finding& finding : check_before_load(host.places, file, module)) {
    if (!finding.is_fatal) {
      host.warn(fmt::format("{} ({})", finding.message, finding.remedy));
      continue;
    }
    reasons += (reasons.empty() ? "" : "; ") + finding.message;
    remedies += (remedies.empty() ? "" : "; ") + finding.remedy;
    exit = finding.exit == kHeldByOther ? exit : finding.exit;
  }
  if (!reasons.empty())
    throw Error(fmt::format("failed to load module {}: {}", file.string(), reasons),
                remedies, exit);
  if (host.judge)
    host.judge(file, host.places.release);
}

Exit settle_stalled_load(Host& host, const std::string& name, const Waiting& waiting) {
  show_stalled_tasks(host, name);
  switch (waiting.on_stall.value_or(OnStall::kRevert)) {
  case OnStall::kForce: force_transition(host, name); return Exit::kStallForced;
  case OnStall::kKeep:
    throw Error(fmt::format("the transition of {} has not ended and goes on", name),
                "`kpatch status` shows it; `kpatch load` of the same module waits again",
                Exit::kStallKept);
  case OnStall::kRevert: break;
  }
  host.warn(fmt::format("module {} did not complete its transition, unloading...", name));
  Waiting back{.timeout = waiting.timeout, .is_way_back = true};
  if (waiting.on_stall)
    back.on_stall = OnStall::kKeep;
  unload_patch(host, name, back);
  throw Error(fmt::format("error: failed to load module {} (transition stalled)", name),
              kStallRemedy, stall_exit(waiting, Exit::kStallReverted));
}

/// A patch that is leaving can be called back by reversing its transition; before 5.1,
/// one that has left, too.
Exit enable_again(Host& host, const std::string& name, const Waiting& waiting) {
  host.say("module already loaded, re-enabling");
  if (const int reason = set_enabled(host, name, true))
    fail("failed to re-enable module {}: {}", name, std::strerror(reason));
  if (wait_for_transition(host, name, waiting))
    return Exit::kSuccess;
  if (waiting.on_stall.value_or(OnStall::kRevert) != OnStall::kRevert)
    return settle_stalled_load(host, name, waiting);
  show_stalled_tasks(host, name);
  host.warn(fmt::format("module {} did not complete its transition, disabling...", name));
  set_enabled(host, name, false);
  wait_for_transition(host, name, {.timeout = waiting.timeout, .is_way_back = true});
  throw Error(fmt::format("error: failed to re-enable module {} (transition stalled), "
                          "patch disabled",
                          name),
              kStallRemedy, stall_exit(waiting, Exit::kStallReverted));
}

/// Throws Error that says who has a function for himself, if somebody has.
void blame_holder(Host& host, const fs::path& file, const ModuleFile& module) {
  const std::vector<FunctionUser> holders = find_holders(host.places, module.functions);
  if (holders.empty())
    return;
  const FunctionUser& first = holders.front();
  throw Error(fmt::format("failed to load module {}: {} ({}) is held by {}",
                          file.string(), first.function.name, first.function.object,
                          first.holder),
              "remove that first: /sys/kernel/debug/kprobes/list and "
              "/sys/kernel/tracing/enabled_functions (flag I) show it",
              kHeldByOther);
}

void insert_module(Host& host, const fs::path& file, const ModuleFile& module) {
  const std::string& name = module.name;
  // A patch that was disabled or replaced leaves its module behind, which is in the way.
  if (is_module_loaded(host.places, name))
    host.kernel.remove_module(name);
  host.say(fmt::format("loading patch module: {}", file.string()));
  const auto attempt = [&] {
    const int answer = host.kernel.load_module(file);
    if (answer == EBUSY && !is_any_in_transition(host))
      blame_holder(host, file, module); // who does not go by waiting
    return answer;
  };
  const int reason = is_tracing_off(host.places) ? attempt() // waiting changes nothing
                                                 : retry_while_busy(host, attempt);
  if (reason)
    throw Error(
        fmt::format("failed to load module {}: {}", file.string(), std::strerror(reason)),
        load_remedy(host, reason),
        reason == EBUSY && is_any_in_transition(host) ? kTimedOut : kRefusedByKernel);
}

/// The kernel loads also modules that enable no patch, and patches of nothing. An object
/// without functions has callbacks, or data that is set.
void require_registered(Host& host, const std::string& name) {
  constexpr const char* kRemedy =
      "the module is damaged or was not made by kpatch-build; build it again";
  if (!find_patch(host.places, name)) {
    host.kernel.remove_module(name);
    throw Error(
        fmt::format("{} was loaded but enabled no live patch; it was removed", name),
        kRemedy, kRefusedByKernel);
  }
  if (!read_objects(host.places, name).empty())
    return;
  unload_patch(host, name);
  throw Error(fmt::format("{} patches nothing; it was unloaded again", name), kRemedy,
              kRefusedByKernel);
}

/// Success is what the kernel shows now, not that nothing is going on any more:
/// somebody else may have disabled or replaced the patch meanwhile.
void require_in_force(Host& host, const std::string& name) {
  const std::optional<PatchState> patch = find_patch(host.places, name);
  if (!patch || !patch->enabled || patch->in_transition)
    fail_with_remedy("`kpatch status` shows what is",
                     "{} was loaded but is not in force: another patch has replaced it, "
                     "or somebody has disabled it",
                     name);
}

Exit insert_and_wait(Host& host, const fs::path& file, const ModuleFile& module,
                     const LoadOptions& options) {
  if (!options.skips_checks)
    run_checks(host, file, module);
  std::vector<std::string> before = enabled_patches(host.places);
  if (module.replaces() == true && !before.empty())
    host.say(fmt::format("replaces: {}", fmt::join(before, ", ")));
  insert_module(host, file, module);
  require_registered(host, module.name);
  for (const std::string& name : enabled_patches(host.places)) // come meanwhile
    if (name != module.name && std::ranges::find(before, name) == before.end())
      before.push_back(name);
  if (module.replaces() != false)
    note_replaced(host, module.name, before); // should this load not see the end
  Exit result = Exit::kSuccess;
  if (!wait_for_transition(host, module.name, options.waiting))
    result = settle_stalled_load(host, module.name, options.waiting);
  finish_replacement(host, module.name, before);
  require_in_force(host, module.name);
  return result;
}

Exit load_module(Host& host, const fs::path& file, const ModuleFile& module,
                 const LoadOptions& options) {
  const std::optional<PatchState> present = find_patch(host.places, module.name);
  if (!present)
    return insert_and_wait(host, file, module, options);
  if (!present->enabled)
    return enable_again(host, module.name, options.waiting);
  host.say(fmt::format("module named {} already loaded and enabled", module.name));
  Exit result = Exit::kSuccess;
  if (!wait_for_transition(host, module.name, options.waiting))
    result = settle_stalled_load(host, module.name, options.waiting);
  finish_replacement(host, module.name, replaced_by(host.places, module.name));
  require_in_force(host, module.name);
  return result;
}

} // namespace

Exit load_patch(Host& host, const std::string& argument, const LoadOptions& options) {
  const fs::path file = find_module_file(host, argument);
  const ModuleFile module = read_module_file(file);
  load_core(host, file, module);
  require_livepatch(host);
  const Exit result = load_module(host, file, module, options);
  if (!options.at_boot)
    forget_attempts(host.places, host.places.release, module.name);
  return result;
}

Exit load_all_patches(Host& host, const LoadOptions& options) {
  std::size_t failed = 0;
  Exit result = Exit::kSuccess;
  for (const fs::path& file : modules_in_loading_order(host.places.installed_here())) {
    if (is_interrupted())
      break;
    try {
      const std::string release = read_module_file(file).release();
      if (!release.empty() && release != host.places.release) {
        debug("{}: for {}, passed over", file.string(), release);
        continue;
      }
      const Exit loaded = load_patch(host, file.string(), options);
      if (loaded != Exit::kSuccess)
        result = loaded;
    } catch (const Error& error) {
      host.warn(error.what());
      result = error.exit();
      ++failed;
    } catch (const std::exception& error) { // no file keeps the others out
      host.warn(error.what());
      result = Exit::kError;
      ++failed;
    }
  }
  throw_if_interrupted();
  if (failed > 0)
    throw Error(fmt::format("{} patch module(s) could not be loaded", failed),
                "the reasons are above", failed == 1 ? result : Exit::kError);
  return result;
}

} // namespace kpatch::runtime
