// SPDX-License-Identifier: GPL-2.0-or-later
//
// Loading: the module's own init function enables the patch, so what is left is to wait
// until every task has taken it up. The kernel allows one transition at a time and
// answers EBUSY meanwhile, hence the retries. A patch that does not get through is taken
// out again: half a patch is the one state that must not be left behind.
#include "base/error.h"
#include "runtime/livepatch_state.h"
#include "runtime/module_file.h"
#include "runtime/operations.h"
#include "runtime/retry.h"
#include "runtime/transition.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

void require_livepatch(const Host& host) {
  std::error_code ignored;
  if (!fs::exists(host.places.livepatch(), ignored))
    fail_with_remedy("it needs CONFIG_LIVEPATCH=y, and sysfs must be mounted",
                     "{}: not there: this kernel cannot be live patched",
                     host.places.livepatch().string());
}

fs::path find_module_file(const Host& host, const std::string& module) {
  std::error_code ignored;
  if (module.find(".ko") != std::string::npos) {
    if (fs::is_regular_file(module, ignored))
      return module;
    const fs::path installed = host.places.installed_here() / module;
    if (module.find('/') == std::string::npos && fs::is_regular_file(installed, ignored))
      return installed;
  } else {
    for (const fs::path& file : installed_modules(host.places.installed_here()))
      if (module_name(file.string()) == module_name(module))
        return file;
  }
  fail_with_remedy("give a path to a .ko file or the name of an installed patch module",
                   "can't find {}", module);
}

/// Why finit_module(2) says what it says, where its errno alone misleads.
std::string load_remedy(int reason) {
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
  case EBUSY: return "another patch is in transition; `kpatch list` shows it";
  default: return "see dmesg for what the kernel says";
  }
}

void take_out_stalled(Host& host, const std::string& name) {
  show_stalled_tasks(host, name);
  host.warn(fmt::format("module {} did not complete its transition, unloading...", name));
  unload_patch(host, name);
  fail_with_remedy("the tasks above sleep in patched functions; try again when they have "
                   "moved on",
                   "error: failed to load module {} (transition stalled)", name);
}

/// A patch that is leaving can be called back by reversing its transition.
void enable_again(Host& host, const std::string& name) {
  host.say("module already loaded, re-enabling");
  const fs::path attribute = host.places.livepatch() / name / "enabled";
  if (const int reason = host.kernel.write_attribute(attribute, "1"))
    fail("failed to re-enable module {}: {}", name, std::strerror(reason));
  if (wait_for_transition(host, name))
    return;
  show_stalled_tasks(host, name);
  host.warn(fmt::format("module {} did not complete its transition, disabling...", name));
  host.kernel.write_attribute(attribute, "0");
  wait_for_transition(host, name);
  fail("error: failed to re-enable module {} (transition stalled), patch disabled", name);
}

void insert_module(Host& host, const fs::path& file, const std::string& name) {
  // A patch that was disabled or replaced leaves its module behind, which is in the way.
  if (is_module_loaded(host.places, name))
    host.kernel.remove_module(name);
  host.say(fmt::format("loading patch module: {}", file.string()));
  const int reason =
      retry_while_busy(host, [&] { return host.kernel.load_module(file); });
  if (reason)
    fail_with_remedy(load_remedy(reason), "failed to load module {}: {}", file.string(),
                     std::strerror(reason));
}

} // namespace

std::vector<fs::path> installed_modules(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error))
    if (entry.path().extension() == ".ko")
      files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

void load_patch(Host& host, const std::string& module) {
  require_livepatch(host);
  const fs::path file = find_module_file(host, module);
  const std::string name = read_module_file(file).name;
  const std::optional<PatchState> present = find_patch(host.places, name);
  if (present && !present->enabled)
    return enable_again(host, name);
  if (present)
    host.say(fmt::format("module named {} already loaded and enabled", name));
  else
    insert_module(host, file, name);
  if (!wait_for_transition(host, name))
    take_out_stalled(host, name);
}

void load_all_patches(Host& host) {
  for (const fs::path& file : installed_modules(host.places.installed_here()))
    load_patch(host, file.string());
}

} // namespace kpatch::runtime
