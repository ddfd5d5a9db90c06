// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel shows of its live patches. A patch has a directory while it is enabled
// or in transition; the directory vanishes when the last task has left it, at any moment,
// also between two reads here. So every read may find nothing, and nothing is then an
// answer.
#include "runtime/livepatch_state.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

/// The content without its line end, or nothing when the file is not, or no longer,
/// there.
std::optional<std::string> read_attribute(const fs::path& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf()))
    return std::nullopt;
  std::string value = text.str();
  while (!value.empty() && (value.back() == '\n' || value.back() == '\0'))
    value.pop_back();
  return value;
}

std::optional<long> read_number(const fs::path& path) {
  const std::optional<std::string> text = read_attribute(path);
  if (!text)
    return std::nullopt;
  char* end = nullptr;
  const long value = std::strtol(text->c_str(), &end, 10);
  if (end == text->c_str())
    return std::nullopt;
  return value;
}

/// Names of the directories inside, sorted.
std::vector<std::string> directories_in(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  while (!error && entry != fs::directory_iterator()) {
    std::error_code gone;
    if (entry->is_directory(gone) && !entry->is_symlink(gone))
      names.push_back(entry->path().filename());
    entry.increment(error);
  }
  std::ranges::sort(names);
  return names;
}

bool is_number(const std::string& text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
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
  return patch;
}

std::vector<PatchState> read_patches(const Places& places) {
  std::vector<PatchState> patches;
  for (const std::string& name : directories_in(places.livepatch()))
    if (const std::optional<PatchState> patch = find_patch(places, name))
      patches.push_back(*patch);
  return patches;
}

std::vector<StalledTask> find_stalled_tasks(const Places& places,
                                            const PatchState& patch) {
  std::vector<StalledTask> stalled;
  for (const std::string& process : directories_in(places.proc)) {
    if (!is_number(process))
      continue;
    const fs::path tasks = places.proc / process / "task";
    for (const std::string& id : directories_in(tasks)) {
      const std::optional<long> state = read_number(tasks / id / "patch_state");
      if (!state || *state < 0 || (*state == 1) == patch.enabled)
        continue;
      stalled.push_back({.id = id,
                         .command = read_attribute(tasks / id / "comm").value_or("?"),
                         .stack = read_attribute(tasks / id / "stack").value_or("")});
    }
  }
  return stalled;
}

std::vector<PatchedFunction> read_patched_functions(const Places& places) {
  struct Newest {
    int order = 0;
    const PatchState* patch = nullptr;
  };
  const std::vector<PatchState> patches = read_patches(places);
  std::map<std::pair<std::string, std::string>, Newest> newest;
  for (const PatchState& patch : patches) {
    if (!patch.stack_order)
      continue;
    const fs::path directory = places.livepatch() / patch.name;
    for (const std::string& object : directories_in(directory))
      for (const std::string& function : directories_in(directory / object)) {
        Newest& entry = newest[{object, function}];
        if (*patch.stack_order > entry.order)
          entry = {*patch.stack_order, &patch};
      }
  }
  std::vector<PatchedFunction> functions;
  for (const auto& [key, entry] : newest)
    functions.push_back(
        {entry.patch->name, key.first, key.second, entry.patch->in_transition});
  return functions;
}

bool is_module_loaded(const Places& places, const std::string& name) {
  std::error_code ignored;
  return fs::exists(places.modules() / name, ignored);
}

std::optional<long> module_users(const Places& places, const std::string& name) {
  return read_number(places.modules() / name / "refcnt");
}

} // namespace kpatch::runtime
