// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernels of the RPM family (Fedora, RHEL, CentOS, Alma, Rocky, Oracle, Amazon,
// openEuler, Photon, ...). A source package carries a tar archive, patches and a spec
// file that says how they go together, so rpmbuild does it: `-bp` unpacks and patches,
// below a directory of ours. What is left is a clean tree; its configurations lie in
// configs/ or beside the running kernel, and vmlinux comes with kernel-debuginfo.
#include "kernel/rpm.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/sha256.h"
#include "kernel/cache.h"
#include "kernel/cache_upkeep.h"
#include "kernel/tree.h"

#include <algorithm>
#include <sys/utsname.h>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSuffix = ".src.rpm";
constexpr std::string_view kNamePrefixes[] = {"kernel-alt-", "kernel-", "linux-"};
constexpr std::string_view kBuildRemedy =
    "install it: dnf install rpm-build, or apt-get install rpm";

/// How releases say whose they are. The rebuilds of RHEL cannot be told from it.
struct Distribution {
  std::string_view mark;
  std::string_view name;
};
constexpr Distribution kDistributions[] = {
    {".amzn", "amzn"       },
    {".fc",   "fedora"     },
    {".ph",   "photon"     },
    {".oe",   "openEuler"  },
    {"uek",   "ol"         },
    {".an",   "anolis"     },
    {".oc",   "opencloudos"},
    {".el",   "rhel"       },
};

std::string_view distribution_of(std::string_view release) {
  for (const auto& [mark, name] : kDistributions)
    if (release.find(mark) != std::string_view::npos)
      return name;
  return "rpm";
}

std::string wanted_release(const TargetRequest& request) {
  utsname running{};
  uname(&running);
  if (!request.source_rpm.empty())
    return release_of_source_rpm(request.source_rpm.filename().native(),
                                 request.machine.empty() ? running.machine
                                                         : request.machine);
  return request.release.empty() ? running.release : request.release;
}

std::string machine_of(std::string_view release) {
  const std::string_view last = release.substr(release.rfind('.') + 1);
  return arch::find_arch(last) ? std::string(last) : std::string();
}

void need_program(const std::string& name) {
  if (find_program(name).empty())
    fail_with_remedy(std::string(kBuildRemedy), "{}: no such program", name);
}

/// Fetches kernel-<version>-<release>.src.rpm.
fs::path fetch_source(const TargetRequest& request, const std::string& release,
                      const fs::path& downloads) {
  const std::string version = release.substr(0, release.rfind('.'));
  const bool is_alternative = version.find(".el7a") != std::string::npos;
  const std::string package = (is_alternative ? "kernel-alt-" : "kernel-") + version;
  const fs::path file = downloads / (package + std::string(kSuffix));
  if (fs::exists(file))
    return file;
  const std::string remedy =
      fmt::format("take {}{} from the archive of the distribution and give it with -r",
                  package, kSuffix);
  if (request.offline)
    fail_with_remedy(remedy + ", or run once without --offline",
                     "{}{}: not in {}, and not to be fetched", package, kSuffix,
                     downloads.string());
  const bool has_dnf = !find_program("dnf").empty();
  if (!has_dnf && find_program("yumdownloader").empty())
    fail_with_remedy(remedy, "neither dnf nor yumdownloader is installed to fetch {}",
                     package);
  fs::create_directories(downloads);
  const TempDir fresh(".new-", downloads);
  std::vector<std::string> argv = {has_dnf ? "dnf" : "yumdownloader"};
  if (has_dnf)
    argv.emplace_back("download");
  argv.insert(argv.end(), {"--source", "--destdir", fresh.path().string(), package});
  const Outcome outcome = run({.argv = argv});
  if (!outcome.ok() || !fs::exists(fresh.path() / file.filename()))
    fail_with_remedy(remedy,
                     "{}: the repositories do not serve this version (tried: {})\n{}",
                     package, quoted(argv), outcome.errors);
  fs::rename(fresh.path() / file.filename(), file);
  return file;
}

bool is_kernel_tree(const fs::path& directory) {
  return fs::exists(directory / "Kbuild") && fs::exists(directory / "MAINTAINERS");
}

/// Some packages leave a pristine copy ("vanilla-...") beside the tree they patch.
fs::path find_tree(const fs::path& build) {
  std::vector<fs::path> trees;
  for (auto entry = fs::recursive_directory_iterator(build);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (!entry->is_directory() || entry->is_symlink())
      continue;
    constexpr int kDeepest = 3;
    if (is_kernel_tree(entry->path()))
      trees.push_back(entry->path());
    if (is_kernel_tree(entry->path()) || entry.depth() >= kDeepest)
      entry.disable_recursion_pending();
  }
  std::ranges::stable_sort(trees, [](const fs::path& one, const fs::path& other) {
    const auto rank = [](const fs::path& path) {
      return path.filename().native().starts_with("vanilla");
    };
    return rank(one) < rank(other);
  });
  return trees.empty() ? fs::path() : trees.front();
}

void run_step(const std::vector<std::string>& argv, const fs::path& package) {
  const Outcome outcome = run({.argv = argv, .environment = {{"LC_ALL", "C"}}});
  if (!outcome.ok())
    fail_with_remedy("the package's own preparation may need further packages: "
                     "yum-builddep kernel",
                     "{}: cannot be unpacked\n{}", package.string(), outcome.errors);
}

/// What makes kbuild refuse a source tree as not clean.
void make_clean(const fs::path& tree) {
  for (const char* trace :
       {".config", ".config.old", "include/config", "include/generated", ".git"})
    fs::remove_all(tree / trace);
  for (const fs::directory_entry& arch : fs::directory_iterator(tree / "arch"))
    if (arch.is_directory())
      fs::remove_all(arch.path() / "include/generated");
}

void unpack(const fs::path& package, const std::string& machine, const fs::path& fresh) {
  need_program("rpm");
  need_program("rpmbuild");
  const TempDir top(".rpm-", fresh);
  const std::string place = "_topdir " + top.path().string();
  run_step({"rpm", "--define", place, "--nosignature", "-i", package.string()}, package);
  std::vector<std::string> build = {"rpmbuild", "--define", place, "-bp", "--nodeps"};
  if (!machine.empty())
    build.insert(build.end(), {"--target", machine});
  fs::path spec;
  for (const fs::directory_entry& entry : fs::directory_iterator(top.path() / "SPECS"))
    spec = entry.path();
  build.push_back(spec.string());
  run_step(build, package);
  const fs::path tree = find_tree(top.path() / "BUILD");
  if (tree.empty())
    fail("{}: there is no kernel source in it", package.string());
  make_clean(tree);
  for (const fs::directory_entry& entry : fs::directory_iterator(tree))
    fs::rename(entry.path(), fresh / entry.path().filename());
}

/// configs/kernel-5.14.0-x86_64.config, not one of a variant such as -debug.
fs::path config_in_tree(const fs::path& tree, const std::string& machine) {
  fs::path shortest;
  std::error_code none;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(tree / "configs", none)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(machine + ".config") &&
        (shortest.empty() || name.size() < shortest.filename().native().size()))
      shortest = entry.path();
  }
  return shortest;
}

fs::path first_there(const std::vector<fs::path>& places) {
  for (const fs::path& place : places)
    if (!place.empty() && fs::exists(place))
      return place;
  return {};
}

fs::path cached_tree(const TargetRequest& request, const fs::path& package) {
  const fs::path cache =
      fs::weakly_canonical(request.cache.empty() ? default_cache() : request.cache);
  constexpr std::size_t kDigits = 16;
  const std::string identity = sha256(
      fmt::format("{}\n{}\n{}", fs::canonical(package).string(), fs::file_size(package),
                  fs::last_write_time(package).time_since_epoch().count()));
  return cache / "sources" /
         (package.stem().stem().string() + "_" + identity.substr(0, kDigits));
}

} // namespace

std::string release_of_source_rpm(std::string_view file_name, std::string_view machine) {
  std::string_view name = file_name;
  if (name.ends_with(kSuffix))
    name.remove_suffix(kSuffix.size());
  for (const std::string_view prefix : kNamePrefixes)
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  if (name.empty() || name.front() < '0' || name.front() > '9')
    fail("{}: not named like the source package of a kernel, such as "
         "kernel-5.14.0-427.el9.src.rpm",
         file_name);
  // Photon's releases do not end in the processor.
  const bool is_photon = name.find(".ph") != std::string_view::npos;
  return std::string(name) + (is_photon ? "" : fmt::format(".{}", machine));
}

bool is_rpm_request(const TargetRequest& request) {
  return !request.source_rpm.empty() || !machine_of(wanted_release(request)).empty();
}

Target rpm_target(const TargetRequest& request) {
  const std::string release = wanted_release(request);
  const std::string machine = machine_of(release);
  const auto say = [&](const std::string& line) {
    if (request.progress)
      request.progress(line);
  };
  const fs::path cache =
      fs::weakly_canonical(request.cache.empty() ? default_cache() : request.cache);
  say(fmt::format("{} distribution detected", distribution_of(release)));
  if (request.source_rpm.empty())
    say("Downloading kernel source for " + release);
  const fs::path package = request.source_rpm.empty()
                               ? fetch_source(request, release, cache / "downloads")
                               : request.source_rpm;
  TreeFiles files{.source = cached_tree(request, package)};
  if (fs::exists(files.source))
    say("Using cache at " + files.source.string());
  make_once(files.source, [&](const fs::path& fresh) {
    say("Unpacking kernel source");
    unpack(package, machine, fresh);
  });
  record_fingerprint(files.source);

  const Overrides& given = request.overrides;
  files.vmlinux = first_there(
      {given.vmlinux, fs::path("/usr/lib/debug/lib/modules") / release / "vmlinux"});
  if (files.vmlinux.empty())
    fail_with_remedy(fmt::format("dnf debuginfo-install kernel-{}, or give the vmlinux "
                                 "with -v",
                                 release),
                     "kernel-debuginfo-{} not installed", release);
  files.config = first_there({given.config, config_in_tree(files.source, machine),
                              fs::path("/boot/config-" + release),
                              fs::path("/lib/modules") / release / "config"});
  if (files.config.empty())
    fail_with_remedy(
        "give it with -c",
        "can't find config file: neither in the source package nor in /boot");
  TargetRequest of_release = request;
  of_release.release = release;
  return target_of_tree(of_release, files);
}

} // namespace kpatch::kernel
