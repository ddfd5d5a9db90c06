// SPDX-License-Identifier: GPL-2.0-or-later
//
// An Ubuntu kernel is put together from
//
//   linux-headers-REL               configuration, Module.symvers
//   linux-image-unsigned-REL-dbgsym or linux-image-REL-dbgsym (from ddebs.ubuntu.com), or
//   linux-image-REL-dbg             vmlinux and modules with debug information
//   linux, linux-aws, ...           the source package, which linux-modules-REL names
//
// Its version string says more than the source does: "#91-Ubuntu" and the ABI number are
// packaging. Of that only the release counts here.
#include "distro/ubuntu.h"

#include "base/error.h"
#include "base/files.h"
#include "base/host_kernel.h"
#include "base/process.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/debian_archive.h"
#include "distro/debian_names.h"
#include "distro/debian_sources.h"
#include "distro/package_unpack.h"
#include "distro/provider.h"
#include "distro/tree.h"

#include <algorithm>
#include <cctype>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

std::string release_to_patch(const kernel::TargetRequest& request) {
  return request.release.empty() ? host_kernel().release : request.release;
}

/// The first of the packages that the archive has, downloaded.
fs::path fetch_first(DebianArchive& archive, const std::vector<std::string>& names,
                     const std::string& version) {
  for (const std::string& name : names) {
    const std::vector<std::string> served = archive.served(name);
    if (std::ranges::find(served, version) != served.end() || &name == &names.back())
      return archive.fetch(name, version);
  }
  return {};
}

void unpack_ubuntu_source(const kernel::TargetRequest& request,
                          const SourcePackage& source, const std::string& beside,
                          const fs::path& fresh) {
  const TempDir work(".source-", fresh);
  const std::string wanted = source.name + "=" + source.version;
  if (request.offline)
    fail_with_remedy("run once without --offline", "{}: its source is not to be fetched",
                     wanted);
  download_source({}, source, SourceParts::kAll, beside, work.path());
  fs::path description;
  for (const fs::directory_entry& entry : fs::directory_iterator(work.path()))
    if (entry.path().extension() == ".dsc")
      description = entry.path();
  const fs::path tree = work.path() / "tree";
  run_unpacker({"dpkg-source", "--no-check", "-x", description.string(), tree.string()},
               description);
  for (const fs::directory_entry& entry : fs::directory_iterator(tree))
    fs::rename(entry.path(), fresh / entry.path().filename());
}

} // namespace

bool is_ubuntu_request(const kernel::TargetRequest& request) {
  const std::string release = release_to_patch(request);
  const std::size_t dash = release.rfind('-');
  if (dash == std::string::npos || dash == 0)
    return false;
  // VERSION-ABI-FLAVOUR, all of the first two being numbers.
  const std::size_t abi = release.rfind('-', dash - 1);
  if (abi == std::string::npos)
    return false;
  const std::string_view flavour = std::string_view(release).substr(dash + 1);
  const std::string_view number =
      std::string_view(release).substr(abi + 1, dash - abi - 1);
  return has_only_digits(number) && !is_debian_architecture(flavour);
}

kernel::Target ubuntu_target(const kernel::TargetRequest& request) {
  const std::string release = release_to_patch(request);
  check_release(release);
  const fs::path cache = fs::weakly_canonical(
      request.cache.empty() ? cache::default_cache() : request.cache);
  DebianArchive archive(cache / cache::kDownloads, request.offline, {}, request.live);
  const auto say = [&](const std::string& line) {
    if (request.progress)
      request.progress(line);
  };
  say("ubuntu distribution detected");
  const std::string headers = "linux-headers-" + release;
  const std::string version = archive.newest_version(headers);
  const fs::path headers_file = archive.fetch(headers, version);
  const SourcePackage source = source_package(read_control(headers_file));
  const fs::path place = cache / cache::kKernels / (release + "_" + version);

  cache::make_sealed(place / "headers", [&](const fs::path& fresh) {
    unpack_deb(headers_file, fresh, request.live);
  });
  cache::make_sealed(place / "debug", [&](const fs::path& fresh) {
    unpack_deb(fetch_first(archive,
                           {"linux-image-unsigned-" + release + "-dbgsym",
                            "linux-image-" + release + "-dbgsym",
                            "linux-image-" + release + "-dbg"},
                           version),
               fresh, request.live);
  });
  const fs::path tree = cache / cache::kSources / (source.name + "_" + source.version);
  cache::make_once(tree, [&](const fs::path& fresh) {
    say("Downloading and unpacking the kernel source for " + release);
    unpack_ubuntu_source(request, source, headers + "=" + version, fresh);
  });
  cache::record_fingerprint(tree);

  const fs::path debug = place / "debug/usr/lib/debug";
  kernel::TargetRequest of_release = request;
  of_release.release = release;
  return target_of_tree(of_release,
                        {.source = tree,
                         .config = place / "headers/usr/src" / headers / ".config",
                         .vmlinux = debug / "boot" / ("vmlinux-" + release),
                         .debug_modules = debug / "lib/modules" / release});
}

Provider ubuntu_provider() {
  return {.is_meant = is_ubuntu_request, .find = ubuntu_target};
}

} // namespace kpatch::distro
