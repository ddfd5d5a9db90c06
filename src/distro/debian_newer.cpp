// SPDX-License-Identifier: GPL-2.0-or-later
//
// An update is the difference between the source that a kernel was built from and a later
// one of the same series and the same release of Debian: that of bookworm-backports is
// compiled from other packaging than trixie's, though upstream's part is the same. What
// the archive made for which release stands behind the '~' of its version.
#include "base/error.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/debian_names.h"
#include "distro/debian_sources.h"
#include "distro/debian_suites.h"
#include "distro/release_archive.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

/// "deb12u" of "6.12.117-1~deb12u1"; empty if there is nothing.
std::string made_for(const std::string& version) {
  const std::size_t mark = version.rfind('~');
  if (mark == std::string::npos)
    return {};
  return std::string(without_last_digits(std::string_view(version).substr(mark + 1)));
}

/// Upstream's part of a version is enough, and so is what the archive had to begin with.
bool is_meant(const std::string& version, const std::string& wanted) {
  return wanted == "newest" || version == wanted || version.starts_with(wanted + "-") ||
         version.starts_with(wanted + "~");
}

/// What the machine's lists have and what those of the kernel's own release have.
std::vector<std::string> all_served(DebianArchive& archive, ReleaseArchive* release,
                                    const std::string& package) {
  std::vector<std::string> versions = archive.served(package);
  if (release)
    std::ranges::copy(served_versions(release->apt(), package),
                      std::back_inserter(versions));
  if (const std::string here = archive.find_newest_version(package); !here.empty())
    versions.push_back(here);
  std::ranges::sort(versions);
  versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
  return versions;
}

} // namespace

std::shared_ptr<ReleaseArchive> archive_of_release(const std::string& kernel,
                                                   const fs::path& cache,
                                                   const kernel::TargetRequest& request) {
  const DebianRelease* release = debian_release_of(kernel);
  if (!release && !request.snapshots.empty())
    fail_with_remedy("take its packages from there into the downloads directory of the "
                     "cache and leave --snapshot out",
                     "--snapshot: the name of {} does not say of which release of Debian "
                     "it is, so its suite is not known",
                     kernel);
  if (!release)
    return {};
  return std::make_shared<ReleaseArchive>(*release, cache, request.offline,
                                          request.progress, request.snapshots,
                                          foreign_architecture(kernel));
}

std::string newer_source_version(const std::vector<std::string>& served,
                                 const std::string& present, const std::string& wanted) {
  std::string found;
  for (const std::string& version : served)
    if (made_for(version) == made_for(present) && is_meant(version, wanted) &&
        (found.empty() || is_later_version(version, found)))
      found = version;
  return found;
}

fs::path debian_newer_source(const kernel::TargetRequest& request,
                             const kernel::Target& target, const std::string& wanted) {
  const auto release = archive_of_release(target.release, request.cache, request);
  DebianArchive archive(request.cache / cache::kDownloads, request.offline, release,
                        request.live);
  const std::string package = "linux-source-" + kernel_series(target.version);
  const std::vector<std::string> served = all_served(archive, release.get(), package);
  const std::string version = newer_source_version(served, target.version, wanted);
  if (version.empty())
    fail_with_remedy(
        "name one of these versions, or a source tree: --to DIR",
        "--to {}: {} of that version is not served; served: {}", wanted, package,
        served.empty() ? "none" : fmt::format("{}", fmt::join(served, ", ")));
  if (version != target.version && !is_later_version(version, target.version))
    fail_with_remedy("name a later version, or leave --to out and give patches",
                     "--to {}: the kernel was built from {}, which is later than {}",
                     wanted, target.version, version);
  const fs::path source = request.cache / cache::kSources / version;
  if (!fs::exists(source)) {
    const fs::path file = archive.fetch(package, version);
    cache::make_once(source, [&](const fs::path& fresh) {
      if (request.progress)
        request.progress("Unpacking the kernel source of " + version);
      unpack_linux_source(file, fresh, request.live);
    });
    cache::record_fingerprint(source);
  }
  return source;
}

} // namespace kpatch::distro
