// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packages of kernels come and go; what was installed for one here would stay for ever. A
// kernel is there as long as its modules are: packages leave an empty directory at most.
#include "runtime/prune.h"

#include "runtime/attributes.h"
#include "runtime/installed.h"

#include <fmt/ranges.h>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

bool is_kernel_there(const Places& places, const std::string& release) {
  const fs::path tree = places.trees / release;
  return release == places.release || is_there(tree / "kernel") ||
         is_there(tree / "modules.builtin");
}

} // namespace

std::vector<std::string> gone_kernels(const Places& places) {
  std::vector<std::string> gone;
  if (!is_there(places.trees / places.release))
    return gone; // kernels are kept in another place here
  for (const std::string& release : directories_in(places.installed))
    if (!release.starts_with('.') && !is_kernel_there(places, release) &&
        !installed_modules(places.installed / release).empty())
      gone.push_back(release);
  return gone;
}

void tell_of_gone_kernels(Host& host) {
  const std::vector<std::string> gone = gone_kernels(host.places);
  if (!gone.empty())
    host.warn(fmt::format("patches are installed for kernels that are gone: {}; kpatch "
                          "prune removes them",
                          fmt::join(gone, ", ")));
}

void prune_installed(Host& host) {
  for (const std::string& release : gone_kernels(host.places)) {
    for (const fs::path& file : installed_modules(host.places.installed / release))
      host.say(fmt::format("uninstalling {} ({})", name_inside(file), release));
    fs::remove_all(host.places.installed / release);
    fs::remove_all(superseded_modules(host.places, release));
    fs::remove_all(host.places.installed / ".boot" / release);
  }
}

} // namespace kpatch::runtime
