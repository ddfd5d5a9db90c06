// SPDX-License-Identifier: GPL-2.0-or-later
//
// Archives of backports drop what a kernel is built with long before the kernel itself.
#include "distro/debian_versions.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/host_kernel.h"
#include "cache/layout.h"
#include "distro/debian_names.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

/// The version of this release that the cache holds; the newest if several.
std::string cached_version(const fs::path& cache, const std::string& release) {
  std::string newest;
  for (const fs::path& folder : cache::folders_of_release(cache, release)) {
    if (!fs::exists(folder / cache::kImage))
      continue;
    const std::string version = folder.filename().string().substr(release.size() + 1);
    if (newest.empty() || is_later_version(version, newest))
      newest = version;
  }
  return newest;
}

/// The releases of which image and headers are served: archives keep images for longer.
std::vector<std::string> whole_releases(const DebianArchive& archive,
                                        const std::string& series,
                                        const std::string& flavour) {
  std::vector<std::string> releases =
      releases_of(archive.names(fmt::format("linux-image-{}.", series)), series, flavour);
  const std::vector<std::string> headers =
      archive.names(fmt::format("linux-headers-{}.", series));
  std::erase_if(releases, [&](const std::string& release) {
    return std::ranges::find(headers, "linux-headers-" + release) == headers.end();
  });
  return releases;
}

/// The releases that may be meant instead.
std::string nearest_served(const DebianArchive& archive, const std::string& release) {
  const std::string series = kernel_series(release);
  const std::string flavour = kernel_flavour(release);
  constexpr std::size_t kNamed = 4;
  std::vector<std::string> served =
      nearest_releases(whole_releases(archive, series, flavour), release, kNamed);
  std::erase_if(served, [&](const std::string& other) {
    return archive.served("linux-image-" + other).empty();
  });
  if (served.empty())
    return fmt::format("; no kernel {} {} is served with its headers", series, flavour);
  return fmt::format("; served of {} {}, the nearest: {}", series, flavour,
                     fmt::join(served, ", "));
}

/// What is said of a kernel that apt does not know, which may be one of a processor whose
/// packages are not in its lists, if knowing it would not help.
void refuse_without_patching(const std::string& release) {
  const arch::Arch* machine = arch::find_arch(machine_of_release(release));
  if (machine && !machine->has_livepatch_in_debian() && !machine->has_core())
    fail_with_remedy(
        "build a kernel of this source with CONFIG_LIVEPATCH=y, run that one, and give "
        "its "
        "build tree with -s",
        "{}: Debian builds its kernels for {} without CONFIG_LIVEPATCH, so they take no "
        "live patches",
        release, machine->name());
}

} // namespace

void refuse_image_alone(const DebianArchive& archive, const std::string& release,
                        const std::string& version) {
  const std::string headers = "linux-headers-" + release;
  if (archive.is_here(headers) || !archive.served(headers).empty())
    return;
  fail_with_remedy(
      fmt::format("for {} of version {}, {}, or move to a kernel that is served whole",
                  headers, version, kSnapshotRemedy),
      "linux-image-{}: the archive still serves the image of this kernel, but no longer "
      "its headers and its source{}",
      release, nearest_served(archive, release));
}

std::string choose_version(const fs::path& cache, DebianArchive& archive,
                           const std::string& release) {
  const HostKernel running = host_kernel();
  if (release == running.release)
    if (const std::string version = running_debian_version(running.version);
        !version.empty())
      return version;
  const std::string cached = cached_version(cache, release);
  if (!cached.empty())
    return cached;
  const std::string image = "linux-image-" + release;
  const std::string newest = archive.find_newest_version(image);
  if (!newest.empty())
    return newest;
  refuse_without_patching(release);
  return archive.newest_version(image, nearest_served(archive, release));
}

} // namespace kpatch::distro
