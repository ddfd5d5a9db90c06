// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is installed is loaded at each boot, by nobody who could look at a message. So
// everything that can be known about the file is asked before, the copy is read back
// before it gets its name, and it appears under that name whole or not at all.
#include "base/durable_file.h"
#include "base/error.h"
#include "base/process.h"
#include "runtime/attributes.h"
#include "runtime/boot_attempts.h"
#include "runtime/core.h"
#include "runtime/installed.h"
#include "runtime/livepatch_state.h"
#include "runtime/module_file.h"
#include "runtime/operations.h"
#include "runtime/outcomes.h"
#include "runtime/prune.h"
#include "runtime/upgrade.h"

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

constexpr const char* kService = "kpatch.service";

void require_module_file(const std::string& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored))
    fail("{} doesn't exist", file);
  if (!is_module_file_name(file) || !fs::is_regular_file(file, ignored))
    fail("{} isn't a .ko file", file);
}

void require_free_place(const fs::path& directory, const fs::path& file,
                        const ModuleFile& module) {
  std::error_code ignored;
  if (fs::exists(directory / file.filename(), ignored))
    fail("{} is already installed", file.string());
  if (const auto other = find_installed(directory, module.name))
    fail_with_remedy(fmt::format("kpatch uninstall {}", module.name),
                     "{} is already installed: {} is the same module", file.string(),
                     other->filename().string());
}

/// Writes a copy beside the place, reads it back and renames it.
void put_in_place(const fs::path& file, const fs::path& target) {
  const Bytes content = read_bytes(file);
  const fs::path copy = target.string() + ".new";
  write_file_durably(copy, content);
  const bool is_whole = read_bytes(copy) == content;
  if (is_whole)
    return rename_durably(copy, target);
  std::error_code ignored;
  fs::remove(copy, ignored);
  fail("{}: the copy is not what was written; is the disk full or damaged?",
       target.string());
}

bool is_same_file(const fs::path& file, const fs::path& installed) {
  std::error_code ignored;
  return fs::file_size(file, ignored) == fs::file_size(installed, ignored) &&
         read_module_bytes(file) == read_module_bytes(installed);
}

/// Takes all but the one out of what is loaded at boot. Rolling back finds
/// them.
void set_others_aside(Host& host, const std::string& release, const fs::path& kept) {
  for (const fs::path& other : installed_modules(kept.parent_path())) {
    if (other == kept)
      continue;
    const std::string name = name_inside(other);
    rename_durably(other, superseded_modules(host.places, release) / other.filename());
    forget_attempts(host.places, release, name);
    host.say(fmt::format("superseded: {} (kept for rolling back)", name));
  }
}

/// Returns the exit status of systemctl; 0 where there is none.
int enable_service(Host& host) {
  if (find_program(host.places.systemctl).empty())
    return 0;
  const Outcome outcome = run({.argv = {host.places.systemctl, "enable", kService}});
  if (outcome.status != 0)
    host.warn(fmt::format("installed, but it will not be loaded at boot: {}: {}",
                          kService, outcome.errors));
  return outcome.status;
}

} // namespace

int install_patch(Host& host, const std::string& file, const std::string& release) {
  return install_patch_beside(host, file, release, Others::kSuperseded);
}

int install_patch_beside(Host& host, const std::string& file, const std::string& release,
                         Others others) {
  const std::string kernel = release.empty() ? host.places.release : release;
  require_module_file(file);
  const ModuleFile module = read_module_file(file);
  if (module.release() != kernel)
    fail("invalid module version {} for kernel {}", module.release(), kernel);
  if (!module.is_livepatch())
    fail_with_remedy("only patches that kpatch-build made are loaded at boot",
                     "{} is not a live patch: its modinfo has no livepatch entry", file);
  const fs::path directory = path_inside(host.places.installed, kernel);
  const fs::path target = directory / fs::path(file).filename();
  install_core(host, file, module, directory);
  if (is_there(target) && is_same_file(file, target)) {
    host.say(fmt::format("{} is already installed ({})", file, kernel));
  } else {
    require_free_place(directory, file, module);
    host.say(fmt::format("installing {} ({})", file, kernel));
    put_in_place(file, target);
    std::error_code ignored; // a copy that was set aside before
    fs::remove(superseded_modules(host.places, kernel) / target.filename(), ignored);
  }
  if (module.replaces() == true && others == Others::kSuperseded)
    set_others_aside(host, kernel, target);
  forget_attempts(host.places, kernel, module.name);
  tell_of_gone_kernels(host);
  return enable_service(host);
}

Exit upgrade_patch(Host& host, const std::string& file, const LoadOptions& options) {
  require_module_file(file);
  const ModuleFile module = read_module_file(file);
  if (module.replaces() != true)
    throw Error(fmt::format("{} does not replace what is loaded", file),
                "build it without -R, or stack it with kpatch load and kpatch install",
                kRefusedByChecks);
  const fs::path here = host.places.installed_here();
  const fs::path target = here / fs::path(file).filename();
  const bool is_installed = is_there(target) && is_same_file(file, target);
  if (!is_installed)
    require_free_place(here, file, module);
  // Until it is in force the next boot must not find it.
  const fs::path staged =
      superseded_modules(host.places, host.places.release) / target.filename();
  std::error_code ignored;
  const bool is_kept = is_installed || fs::equivalent(file, staged, ignored);
  install_core(host, file, module, here);
  if (!is_kept)
    put_in_place(file, staged);
  Exit result = Exit::kSuccess;
  try {
    result = load_patch(host, (is_installed ? target : staged).string(), options);
  } catch (...) {
    if (!is_kept)
      fs::remove(staged, ignored);
    throw;
  }
  if (!is_installed)
    rename_durably(staged, target);
  host.say(fmt::format("installed {} ({})", target.string(), host.places.release));
  set_others_aside(host, host.places.release, target);
  enable_service(host);
  return result;
}

void uninstall_patch(Host& host, const std::string& module, const std::string& release) {
  const std::string kernel = release.empty() ? host.places.release : release;
  if (module.find('/') != std::string::npos)
    fail("please supply patch module name without path");
  const fs::path directory = path_inside(host.places.installed, kernel);
  auto file = find_installed(directory, module);
  if (!file)
    file = find_installed(superseded_modules(host.places, kernel), module);
  if (!file)
    fail("{} is not installed for kernel {}", module, kernel);

  const std::string name = name_inside(*file);
  host.say(fmt::format("uninstalling {} ({})", module, kernel));
  fs::remove(*file);
  forget_attempts(host.places, kernel, name);
  std::error_code ignored;
  drop_unused_core(directory);
  fs::remove(directory, ignored); // if it is empty now
  fs::remove(file->parent_path(), ignored);
  fs::remove(superseded_modules(host.places, kernel).parent_path(), ignored);
  fs::remove(host.places.installed, ignored);
  if (kernel == host.places.release && is_module_loaded(host.places, name))
    host.warn(fmt::format("{} is loaded and stays in effect until the next boot, or "
                          "kpatch unload {}",
                          name, name));
}

} // namespace kpatch::runtime
