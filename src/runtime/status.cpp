// SPDX-License-Identifier: GPL-2.0-or-later
//
// The whole state in one value, put together from what the kernel shows now, what is
// installed, and what was noted when patches replaced each other. The kernel does not say
// who signed a loaded module; the installed file of the same name does.
#include "runtime/status.h"

#include "base/durable_file.h"
#include "base/error.h"
#include "runtime/attributes.h"
#include "runtime/function_users.h"
#include "runtime/installed.h"
#include "runtime/load_checks.h"
#include "runtime/replacement.h"

#include <algorithm>
#include <map>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

/// Bit by bit (kernel: Documentation/admin-guide/tainted-kernels.rst).
constexpr Taint kTaints[] = {
    {'P', "proprietary module"},
    {'F', "module loaded by force"},
    {'S', "processor out of specification"},
    {'R', "module removed by force"},
    {'M', "machine check"},
    {'B', "bad page"},
    {'U', "user request"},
    {'D', "oops or BUG"},
    {'A', "ACPI table overridden"},
    {'W', "warning"},
    {'C', "staging driver"},
    {'I', "firmware workaround"},
    {'O', "out-of-tree module"},
    {'E', "unsigned module"},
    {'L', "soft lockup"},
    {'K', "live patch"},
    {'X', "auxiliary, by the distribution"},
    {'T', "randomised struct layout"},
    {'N', "in-kernel test"},
};

using FunctionKey = std::pair<std::string, std::string>;

FunctionKey key_of(const ReplacedFunction& function) {
  return {function.object, fmt::format("{},{}", function.name, function.occurrence)};
}

void add_file(const Places& places, PatchStatus& patch) {
  const auto file = find_installed(places.installed_here(), patch.name);
  if (!file)
    return;
  patch.file = *file;
  try {
    patch.signature = elf::read_signature(read_module_bytes(*file));
    if (!patch.replaces)
      patch.replaces = read_module_file(*file).replaces();
  } catch (const std::exception&) {
    // A damaged file says nothing about the patch that is loaded.
  }
}

PatchStatus describe(const Places& places, const std::string& name, Condition condition) {
  PatchStatus patch{.name = name, .condition = condition};
  patch.users = module_users(places, name);
  patch.taint = read_attribute(places.modules() / name / "taint").value_or("");
  patch.info = read_patch_note(places, name);
  patch.replaced = replaced_by(places, name);
  add_file(places, patch);
  return patch;
}

std::vector<ObjectStatus> objects_of(const Places& places, const std::string& patch,
                                     const std::map<FunctionKey, std::string>& active) {
  std::vector<ObjectStatus> objects;
  for (const ObjectState& state : read_objects(places, patch)) {
    ObjectStatus object{.name = state.name, .patched = state.patched};
    const std::vector<FunctionUser> bypasses = find_bypasses(places, state.functions);
    for (const ReplacedFunction& function : state.functions) {
      const auto found = active.find(key_of(function));
      const auto bypass = std::ranges::find(bypasses, function, &FunctionUser::function);
      object.functions.push_back({function, found == active.end() ? "" : found->second,
                                  bypass == bypasses.end() ? "" : bypass->holder});
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

/// Per function the newest enabled patch that changes it.
std::map<FunctionKey, std::string>
active_patches(const Places& places, const std::vector<PatchState>& oldest_first) {
  std::map<FunctionKey, std::string> active;
  if (is_tracing_off(places))
    return active;
  for (const PatchState& patch : oldest_first)
    if (patch.enabled)
      for (const ObjectState& object : read_objects(places, patch.name))
        for (const ReplacedFunction& function : object.functions)
          if (object.patched.value_or(true))
            active[key_of(function)] = patch.name;
  return active;
}

void add_remains(const Places& places, std::vector<PatchStatus>& patches) {
  std::vector<std::string> replaced;
  for (const PatchStatus& patch : patches)
    replaced.insert(replaced.end(), patch.replaced.begin(), patch.replaced.end());
  for (const std::string& name : read_remains(places)) {
    const bool was_replaced = std::ranges::find(replaced, name) != replaced.end();
    patches.push_back(describe(
        places, name, was_replaced ? Condition::kReplaced : Condition::kDisabled));
  }
}

std::vector<PatchStatus> read_patch_status(const Places& places) {
  std::vector<PatchState> states = read_patches(places);
  std::ranges::stable_sort(states, {}, &PatchState::order);
  const std::map<FunctionKey, std::string> active = active_patches(places, states);
  std::vector<PatchStatus> patches;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const PatchState& state = states[i];
    PatchStatus patch = describe(places, state.name, condition_of(state));
    patch.stack_order = static_cast<int>(i + 1);
    if (state.replaces)
      patch.replaces = state.replaces;
    patch.objects = objects_of(places, state.name, active);
    if (state.in_transition)
      patch.stalled = find_stalled_tasks(places, state);
    patches.push_back(std::move(patch));
  }
  add_remains(places, patches);
  return patches;
}

void add_reboot(const Places& places, std::vector<PatchStatus>& patches) {
  const auto counts = [](const PatchStatus& patch) {
    return patch.condition == Condition::kEnabled ||
           patch.condition == Condition::kEnabling;
  };
  if (std::ranges::none_of(patches, counts))
    return;
  if (const auto next = find_next_kernel(places))
    for (PatchStatus& patch : patches)
      if (counts(patch))
        patch.after_reboot = after_reboot(*next, patch.info);
}

} // namespace

Condition condition_of(const PatchState& patch) {
  if (patch.enabled)
    return patch.in_transition ? Condition::kEnabling : Condition::kEnabled;
  return patch.in_transition ? Condition::kDisabling : Condition::kDisabled;
}

std::string_view to_string(Condition condition) {
  switch (condition) {
  case Condition::kEnabled: return "enabled";
  case Condition::kEnabling: return "enabling...";
  case Condition::kDisabling: return "disabling...";
  case Condition::kDisabled: return "disabled";
  case Condition::kReplaced: return "replaced";
  }
  return "";
}

std::vector<InstalledPatch> read_installed(const Places& places) {
  std::vector<InstalledPatch> patches;
  for (const std::string& release : directories_in(places.installed))
    for (const fs::path& file : installed_modules(places.installed / release))
      patches.push_back({module_name(file.string()), release, file});
  return patches;
}

SystemStatus read_status(const Places& places) {
  SystemStatus status{.release = places.release};
  status.can_livepatch = is_there(places.livepatch());
  status.signature_demand = signature_demand(places);
  status.is_tracing_off = is_tracing_off(places);
  status.taint = static_cast<unsigned long>(
      read_number(places.proc / "sys/kernel/tainted").value_or(0));
  for (std::size_t bit = 0; bit < std::size(kTaints); ++bit)
    if (status.taint & (1UL << bit))
      status.taints.push_back(kTaints[bit]);
  status.patches = read_patch_status(places);
  add_reboot(places, status.patches);
  status.installed = read_installed(places);
  return status;
}

PatchInformation read_information(const Host& host, const std::string& argument) {
  PatchInformation information{.argument = argument};
  information.file = find_module_file(host, argument);
  information.module = read_module_file(information.file);
  information.signature = elf::read_signature(read_module_bytes(information.file));
  const std::string& name = information.module.name;
  if (const auto state = find_patch(host.places, name))
    information.loaded = condition_of(*state);
  else if (is_livepatch_module(host.places, name).value_or(false))
    information.loaded = Condition::kDisabled;
  return information;
}

} // namespace kpatch::runtime
