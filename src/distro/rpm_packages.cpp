// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a kernel of the RPM family consists of. Where "kernel" is one package it has
// everything that runs; where it is only a name that draws in others, these have it:
//
//   kernel-debuginfo      vmlinux and modules with debug information; in a repository
//                         that is off by default
//   kernel-core, -modules-core, -modules, -modules-extra; or all in kernel
//                         the modules that run, the configuration
//   kernel-devel          Module.symvers
//
// (kernel-debuginfo-common has sources alone, which rpmbuild unpacks anyway.) They are
// fetched by dnf or yumdownloader, which follow whatever repositories the machine is set
// up for and check signatures, each into a directory of its own, since they write under
// the final name as they go. Nothing is installed.
#include "distro/rpm_packages.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "cache/cache_upkeep.h"
#include "distro/depmod.h"
#include "distro/package_unpack.h"

#include <vector>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

struct NamesOfMark {
  std::string_view mark; ///< in the release
  RpmNames names;
};
constexpr NamesOfMark kNames[] = {
    {".el7a.", {"kernel", "kernel-alt"}},
    {"uek", {"kernel-uek", "kernel-uek"}},
    {".ph", {"linux", "linux"}},
    {"", {"kernel", "kernel"}},
};

constexpr std::string_view kDebugRepositories = "--enablerepo=*debug*";

bool is_debug_package(std::string_view package) {
  return package.find("-debuginfo-") != std::string_view::npos;
}

bool has_modules(const fs::path& root, const std::string& release) {
  return fs::exists(root / "lib/modules" / release / "kernel") ||
         fs::exists(root / "usr/lib/modules" / release / "kernel");
}

} // namespace

RpmNames rpm_names(std::string_view release) {
  for (const auto& [mark, names] : kNames)
    if (release.find(mark) != std::string_view::npos)
      return names;
  return {};
}

RpmRepositories::Attempt RpmRepositories::fetch(const std::string& package,
                                                Kind kind) const {
  const bool is_source = kind == Kind::kSource;
  const std::string name = package + (is_source ? ".src.rpm" : ".rpm");
  if (fs::exists(downloads_ / name))
    return {.file = downloads_ / name};
  if (is_offline_)
    return {.why = fmt::format("not in {}, and not to be fetched", downloads_.string())};
  const bool has_dnf = !find_program("dnf").empty();
  if (!has_dnf && find_program("yumdownloader").empty())
    return {.why = fmt::format("neither dnf nor yumdownloader is installed to fetch {}",
                               package)};
  fs::create_directories(downloads_);
  const TempDir fresh(".new-", downloads_);
  std::vector<std::string> argv = {has_dnf ? "dnf" : "yumdownloader"};
  if (has_dnf)
    argv.emplace_back("download");
  if (is_source)
    argv.emplace_back("--source");
  argv.insert(argv.end(), {"--destdir", fresh.path().string()});
  if (is_debug_package(name))
    argv.emplace_back(kDebugRepositories);
  argv.push_back(package);
  const Outcome outcome = run_watched({.argv = argv, .environment = {{"LC_ALL", "C"}}},
                                      live_, watch_download(name, fresh.path()));
  if (!outcome.ok() || !fs::exists(fresh.path() / name))
    return {.why = fmt::format("the repositories do not serve this version (tried: {})"
                               "\n{}",
                               quoted(argv), outcome.errors)};
  cache::record_fresh(fresh.path() / name, downloads_ / name);
  fs::rename(fresh.path() / name, downloads_ / name);
  return {.file = downloads_ / name};
}

fs::path RpmRepositories::get(const std::string& package, const std::string& complaint,
                              const std::string& remedy) const {
  const Attempt attempt = fetch(package, Kind::kBinary);
  if (attempt.file.empty())
    fail_with_remedy(remedy, "{}: {}.rpm: {}", complaint, package, attempt.why);
  return attempt.file;
}

fs::path RpmRepositories::find(const std::string& package) const {
  return fetch(package, Kind::kBinary).file;
}

fs::path RpmRepositories::get_source(const std::string& package,
                                     const std::string& remedy) const {
  const Attempt attempt = fetch(package, Kind::kSource);
  if (attempt.file.empty())
    fail_with_remedy(remedy + (is_offline_ ? ", or run once without --offline" : ""),
                     "{}.src.rpm: {}", package, attempt.why);
  return attempt.file;
}

void unpack_rpm_kernel(const RpmRepositories& repositories, const std::string& release,
                       const fs::path& root,
                       const std::function<void(const std::string&)>& say,
                       const Live& live) {
  const std::string stem(rpm_names(release).binary);
  const auto named = [&](std::string_view part) {
    return fmt::format("{}{}-{}", stem, part, release);
  };
  say("Downloading packages");
  // First what is most likely not to be there: then it is known at once.
  std::vector<fs::path> files = {repositories.get(
      named("-debuginfo"), fmt::format("{} not installed", named("-debuginfo")),
      fmt::format("dnf debuginfo-install {}, or take that very version from the "
                  "archive of the distribution into the downloads directory of the "
                  "cache, or give the vmlinux with -v",
                  named("")))};
  const fs::path core = repositories.find(named("-core"));
  if (core.empty())
    files.push_back(repositories.get(
        named(""), fmt::format("{} not installed", named("")),
        fmt::format("dnf install {}, or take that very version from the archive of the "
                    "distribution into the downloads directory of the cache",
                    named(""))));
  else
    files.push_back(core);
  for (const char* part : {"-modules-core", "-modules", "-modules-extra", "-devel"})
    if (const fs::path file = repositories.find(named(part)); !file.empty())
      files.push_back(file);
  say("Unpacking the kernel's packages");
  for (const fs::path& file : files)
    unpack_rpm(file, root, live);
  if (has_modules(root, release))
    run_depmod(root, release);
}

} // namespace kpatch::distro
