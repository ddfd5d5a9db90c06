// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel shows of its live patches. A patch has a directory while it is enabled
// or in transition; the directory vanishes when the last task has left it, at any moment,
// also between two reads here. So every read may find nothing, and nothing is then an
// answer.
#include "runtime/livepatch_state.h"

#include "base/durable_file.h"
#include "base/text.h"
#include "runtime/attributes.h"
#include "runtime/core.h"

#include <algorithm>
#include <map>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// Loaded modules by age, the oldest with 1. The kernel lists the newest first.
std::map<std::string, int> loading_order(const Places& places) {
  std::vector<std::string> names;
  const std::string list = read_attribute(places.proc / "modules").value_or("");
  for (const std::string_view line : lines_of(list))
    names.emplace_back(line.substr(0, line.find(' ')));
  std::map<std::string, int> order;
  for (std::size_t i = 0; i < names.size(); ++i)
    order[names[i]] = static_cast<int>(names.size() - i);
  return order;
}

/// Tasks whose state is not yet the one that the patch is moving to, or that keep it from
/// moving.
std::vector<fs::path> directories_of_stalled_tasks(const Places& places,
                                                   const PatchState& patch) {
  std::vector<fs::path> found;
  // kpatch.ko, which moves all tasks at once, names those in the way itself: "197 cat f".
  if (const auto blockers =
          read_attribute(places.livepatch() / patch.name / "blockers")) {
    for (const std::string_view line : lines_of(*blockers))
      if (const std::string id(line.substr(0, line.find(' '))); is_number(id))
        found.push_back(places.proc / id / "task" / id);
    return found;
  }
  for (const std::string& process : directories_in(places.proc)) {
    if (!is_number(process))
      continue;
    const fs::path tasks = places.proc / process / "task";
    for (const std::string& id : directories_in(tasks)) {
      const std::optional<long> state = read_number(tasks / id / "patch_state");
      if (state && *state >= 0 && (*state == 1) != patch.enabled)
        found.push_back(tasks / id);
    }
  }
  return found;
}

} // namespace

std::optional<PatchState> find_patch(const Places& places, const std::string& name) {
  const fs::path directory = places.livepatch() / name;
  const std::optional<long> enabled = read_number(directory / "enabled");
  if (!enabled)
    return std::nullopt;
  PatchState patch{.name = name, .enabled = *enabled == 1};
  patch.in_transition = read_number(directory / "transition") == 1;
  if (const std::optional<long> order = read_number(directory / "stack_order"))
    patch.stack_order = static_cast<int>(*order);
  if (const std::optional<long> replaces = read_number(directory / "replace"))
    patch.replaces = *replaces == 1;
  return patch;
}

std::vector<PatchState> read_patches(const Places& places) {
  std::vector<PatchState> patches;
  const std::map<std::string, int> order = loading_order(places);
  for (const std::string& name : directories_in(places.livepatch())) {
    std::optional<PatchState> patch = find_patch(places, name);
    if (!patch)
      continue;
    const auto found = order.find(name);
    patch->order = patch->stack_order.value_or(found == order.end() ? 0 : found->second);
    patches.push_back(std::move(*patch));
  }
  return patches;
}

std::vector<ObjectState> read_objects(const Places& places, const std::string& patch) {
  std::vector<ObjectState> objects;
  const fs::path directory = places.livepatch() / patch;
  for (const std::string& name : directories_in(directory)) {
    ObjectState object{.name = name};
    if (const std::optional<long> patched = read_number(directory / name / "patched"))
      object.patched = *patched == 1;
    for (const std::string& function : directories_in(directory / name)) {
      const std::size_t comma = function.find_last_of(',');
      ReplacedFunction entry{.object = name, .name = function.substr(0, comma)};
      if (comma != std::string::npos)
        entry.occurrence = std::strtoul(function.c_str() + comma + 1, nullptr, 10);
      object.functions.push_back(std::move(entry));
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

std::size_t count_stalled_tasks(const Places& places, const PatchState& patch) {
  return directories_of_stalled_tasks(places, patch).size();
}

std::vector<StalledTask> find_stalled_tasks(const Places& places,
                                            const PatchState& patch) {
  std::vector<ReplacedFunction> functions;
  for (const PatchState& present : read_patches(places))
    for (const ObjectState& object : read_objects(places, present.name))
      functions.insert(functions.end(), object.functions.begin(), object.functions.end());
  std::vector<StalledTask> stalled;
  for (const fs::path& task : directories_of_stalled_tasks(places, patch)) {
    const std::string stack = read_attribute(task / "stack").value_or("");
    stalled.push_back({.id = task.filename(),
                       .command = read_attribute(task / "comm").value_or("?"),
                       .stack = stack,
                       .patched_functions = functions_on_stack(stack, functions)});
  }
  return stalled;
}

std::vector<ReplacedFunction>
functions_on_stack(std::string_view stack,
                   const std::vector<ReplacedFunction>& functions) {
  std::vector<ReplacedFunction> found;
  for (const std::string_view line : lines_of(stack)) {
    // "[<0>] name+0x12/0x34" or "[<0>] name+0x12/0x34 [module]"
    const std::size_t start = line.find("] ");
    const std::size_t plus = line.find('+');
    if (start == std::string::npos || plus == std::string::npos || plus < start + 2)
      continue;
    const std::string_view name = line.substr(start + 2, plus - start - 2);
    const auto function = std::ranges::find(functions, name, &ReplacedFunction::name);
    if (function != functions.end() && std::ranges::find(found, *function) == found.end())
      found.push_back(*function);
  }
  return found;
}

std::vector<PatchedFunction> read_patched_functions(const Places& places) {
  struct Newest {
    int order = 0;
    const PatchState* patch = nullptr;
  };
  const std::vector<PatchState> patches = read_patches(places);
  std::map<std::pair<std::string, std::string>, Newest> newest;
  for (const PatchState& patch : patches) {
    if (!patch.enabled && !patch.in_transition)
      continue; // kernels before 5.1 keep it
    const fs::path directory = places.livepatch() / patch.name;
    for (const std::string& object : directories_in(directory))
      for (const std::string& function : directories_in(directory / object)) {
        Newest& entry = newest[{object, function}];
        if (!entry.patch || patch.order > entry.order)
          entry = {patch.order, &patch};
      }
  }
  std::vector<PatchedFunction> functions;
  for (const auto& [key, entry] : newest)
    functions.push_back(
        {entry.patch->name, key.first, key.second, entry.patch->in_transition});
  return functions;
}

bool is_module_loaded(const Places& places, const std::string& name) {
  return is_there(places.modules() / name);
}

std::optional<bool> is_livepatch_module(const Places& places, const std::string& name) {
  const std::optional<std::string> taint =
      read_attribute(places.modules() / name / "taint");
  if (!taint)
    return std::nullopt;
  return taint->find('K') != std::string::npos ||
         is_there(places.modules() / kCore / "holders" / name);
}

elf::ModuleInfo read_patch_note(const Places& places, const std::string& name) {
  constexpr std::size_t kLargest = 1U << 20U;
  try {
    return elf::parse_patch_note(
        read_regular_file(places.modules() / name / "notes" / elf::kPatchNoteSection,
                          kLargest),
        std::endian::native);
  } catch (const std::exception&) {
    return {}; // no such note, or the module has just gone
  }
}

std::vector<std::string> read_remains(const Places& places) {
  std::vector<std::string> names;
  for (const std::string& name : directories_in(places.modules()))
    if (is_livepatch_module(places, name).value_or(false) && !find_patch(places, name))
      names.push_back(name);
  return names;
}

std::optional<long> module_users(const Places& places, const std::string& name) {
  return read_number(places.modules() / name / "refcnt");
}

} // namespace kpatch::runtime
