// SPDX-License-Identifier: GPL-2.0-or-later
//
// A cumulative patch disables all others in the moment its own transition ends; their
// modules stay behind, disabled for ever, and would be in the way of loading them again.
// The kernel forgets what replaced what, so it is noted, for rolling back: below /run,
// because it is true until the next boot only.
#include "runtime/replacement.h"

#include "base/durable_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "runtime/attributes.h"
#include "runtime/installed.h"
#include "runtime/livepatch_state.h"
#include "runtime/module_file.h"
#include "runtime/operations.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

fs::path note_file(const Places& places, const std::string& patch) {
  return places.records / "replaced" / patch;
}

std::string newest_patch(const Places& places) {
  const std::vector<std::string> enabled = enabled_patches(places);
  if (enabled.empty())
    fail("no patch is loaded");
  return enabled.back();
}

/// The installed files of the patches, in their order.
std::vector<fs::path> installed_files(const Host& host, const std::string& newest,
                                      const std::vector<std::string>& names) {
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    auto file = find_installed(host.places.installed_here(), name);
    if (!file)
      file = find_installed(superseded_modules(host.places, host.places.release), name);
    if (!file)
      fail_with_remedy("kpatch install it, or load it by its path",
                       "{} has replaced {}, which is not installed for kernel {}", newest,
                       name, host.places.release);
    files.push_back(*file);
  }
  return files;
}

/// The next boot is to load what is in force now.
void install_what_is_in_force(Host& host, const std::string& left,
                              const std::vector<fs::path>& files) {
  const fs::path here = host.places.installed_here();
  const fs::path aside = superseded_modules(host.places, host.places.release);
  for (const fs::path& file : files)
    if (file.parent_path() == aside)
      rename_durably(file, here / file.filename());
  if (const auto file = find_installed(here, left)) {
    rename_durably(*file, aside / file->filename());
    host.say(fmt::format("{} is set aside and not loaded at the next boot; to load it "
                         "again: kpatch upgrade {}",
                         left, (aside / file->filename()).string()));
  }
}

} // namespace

std::vector<std::string> enabled_patches(const Places& places) {
  std::vector<PatchState> patches = read_patches(places);
  std::erase_if(patches, [](const PatchState& patch) { return !patch.enabled; });
  std::ranges::stable_sort(patches, {}, &PatchState::order);
  std::vector<std::string> names;
  for (const PatchState& patch : patches)
    names.push_back(patch.name);
  return names;
}

void finish_replacement(Host& host, const std::string& patch,
                        const std::vector<std::string>& before) {
  std::vector<std::string> replaced;
  for (const std::string& name : before) {
    const std::optional<PatchState> state = find_patch(host.places, name);
    if (!state || !state->enabled)
      replaced.push_back(name);
  }
  note_replaced(host, patch, replaced);
  for (const std::string& name : replaced) {
    if (!is_module_loaded(host.places, name))
      continue;
    host.say(fmt::format("replaced patch module: {}", name));
    try {
      remove_module(host, name);
    } catch (const Error& error) {
      host.warn(error.what());
    }
  }
}

std::vector<std::string> replaced_by(const Places& places, const std::string& patch) {
  const std::string note = read_attribute(note_file(places, patch)).value_or("");
  const std::vector<std::string_view> names = lines_of(note);
  return {names.begin(), names.end()};
}

void note_replaced(Host& host, const std::string& patch,
                   const std::vector<std::string>& replaced) {
  const fs::path file = note_file(host.places, patch);
  std::error_code ignored;
  fs::remove(file, ignored);
  if (replaced.empty())
    return;
  try {
    fs::create_directories(file.parent_path());
    write_file(file, fmt::format("{}\n", fmt::join(replaced, "\n")));
  } catch (const std::exception& error) {
    host.warn(fmt::format("rolling back will not be possible: {}", error.what()));
  }
}

Exit roll_back(Host& host, const LoadOptions& options) {
  const std::string newest = newest_patch(host.places);
  const std::vector<std::string> names = replaced_by(host.places, newest);
  if (names.empty())
    fail_with_remedy(fmt::format("kpatch unload {}", newest),
                     "{} replaced no other patch when it was loaded", newest);
  const std::vector<fs::path> files = installed_files(host, newest, names);
  const ModuleFile first = read_module_file(files.front());
  // Without this the second roll back would return to where the first came from.
  const std::vector<std::string> older = replaced_by(host.places, first.name);

  host.say(fmt::format("rolling back from {} to {}", newest, fmt::join(names, ", ")));
  Exit result = Exit::kSuccess;
  if (first.replaces() != true)
    result = unload_patch(host, newest, options.waiting);
  for (const fs::path& file : files)
    if (const Exit loaded = load_patch(host, file.string(), options);
        loaded != Exit::kSuccess)
      result = loaded;
  note_replaced(host, first.name, older);
  install_what_is_in_force(host, newest, files);
  return result;
}

} // namespace kpatch::runtime
