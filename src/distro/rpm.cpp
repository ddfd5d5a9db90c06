// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernels of the RPM family (Fedora, RHEL, CentOS, Alma, Rocky, Oracle, Amazon,
// openEuler, Photon, ...). A source package carries a tar archive, patches and a spec
// file that says how they go together, so rpmbuild does it: `-bp` unpacks and patches,
// below a directory of ours. What is left is a clean tree. vmlinux, the modules and the
// configuration are those that are installed or, if the kernel is not, those of its
// packages, unpacked in the cache.
#include "distro/rpm.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "base/host_kernel.h"
#include "base/process.h"
#include "base/sha256.h"
#include "cache/cache.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/provider.h"
#include "distro/rpm_packages.h"
#include "distro/tree.h"

#include <algorithm>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSuffix = ".src.rpm";
constexpr std::string_view kNamePrefixes[] = {"kernel-alt-", "kernel-uek-", "kernel-",
                                              "linux-"};
constexpr std::string_view kBuildRemedy =
    "install it: dnf install rpm-build, or apt-get install rpm";

/// How releases say whose they are. The rebuilds of RHEL cannot be told from it.
struct Distribution {
  std::string_view mark;
  std::string_view name;
};
constexpr Distribution kDistributions[] = {
    {".amzn", "amzn"}, {".fc", "fedora"}, {".ph", "photon"},      {".oe", "openEuler"},
    {"uek", "ol"},     {".an", "anolis"}, {".oc", "opencloudos"}, {".el", "rhel"},
};

std::string_view distribution_of(std::string_view release) {
  for (const auto& [mark, name] : kDistributions)
    if (release.find(mark) != std::string_view::npos)
      return name;
  return "rpm";
}

std::string wanted_release(const kernel::TargetRequest& request) {
  const HostKernel running = host_kernel();
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
fs::path fetch_source(const RpmRepositories& repositories, const std::string& release) {
  const std::string package = fmt::format("{}-{}", rpm_names(release).source,
                                          release.substr(0, release.rfind('.')));
  return repositories.get_source(
      package,
      fmt::format("take {}{} from the archive of the distribution and give it with -r",
                  package, kSuffix));
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

void unpack_kernel(const fs::path& package, const std::string& machine,
                   const fs::path& fresh) {
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
    fail("{}: contains no kernel source", package.string());
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

fs::path cached_tree(const kernel::TargetRequest& request, const fs::path& package) {
  const fs::path cache = fs::weakly_canonical(
      request.cache.empty() ? cache::default_cache() : request.cache);
  constexpr std::size_t kDigits = 16;
  const std::string identity = sha256(
      fmt::format("{}\n{}\n{}", fs::canonical(package).string(), fs::file_size(package),
                  fs::last_write_time(package).time_since_epoch().count()));
  return cache / cache::kSources /
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

bool is_rpm_request(const kernel::TargetRequest& request) {
  return !request.source_rpm.empty() || !machine_of(wanted_release(request)).empty();
}

namespace {

/// "5.14.0-427.el9.x86_64", for the name of a package, whatever the release says.
std::string with_machine(const std::string& release) {
  return machine_of(release).empty() ? release + "." + host_kernel().machine : release;
}

/// The binary files of the kernel below one root.
struct Installation {
  fs::path root;
  fs::path vmlinux;
};

Installation find_installation(const fs::path& root, const std::string& release) {
  return {root,
          first_there({root / "usr/lib/debug/lib/modules" / release / "vmlinux",
                       root / "usr/lib/debug/usr/lib/modules" / release / "vmlinux"})};
}

/// What is installed; if it has no debug information, what the packages hold.
Installation find_binaries(const kernel::TargetRequest& request,
                           const std::string& release, const fs::path& cache,
                           const RpmRepositories& repositories) {
  Installation installed = find_installation("/", release);
  if (!request.overrides.vmlinux.empty())
    installed.vmlinux = request.overrides.vmlinux;
  if (!installed.vmlinux.empty())
    return installed;
  const std::string package = with_machine(release);
  const fs::path root = cache / cache::kKernels / (package + "_rpm");
  cache::make_sealed(root, [&](const fs::path& fresh) {
    const auto say = [&](const std::string& line) {
      if (request.progress)
        request.progress(line);
    };
    unpack_rpm_kernel(repositories, package, fresh, say, request.live);
  });
  const Installation unpacked = find_installation(root, release);
  if (unpacked.vmlinux.empty())
    fail_with_remedy("give the vmlinux with -v",
                     "{}: the package with debug information has no vmlinux of {}",
                     root.string(), release);
  return unpacked;
}

fs::path find_config(const kernel::TargetRequest& request,
                     const Installation& installation, const fs::path& tree,
                     const std::string& release) {
  const fs::path& root = installation.root;
  fs::path config = first_there(
      {request.overrides.config, root / "lib/modules" / release / "config",
       root / "usr/lib/modules" / release / "config", root / ("boot/config-" + release),
       config_in_tree(tree, machine_of(release))});
  if (config.empty())
    fail_with_remedy("give it with -c",
                     "can't find config file: neither in the packages nor in /boot");
  return config;
}

} // namespace

kernel::Target rpm_target(const kernel::TargetRequest& request) {
  const std::string release = wanted_release(request);
  const auto say = [&](const std::string& line) {
    if (request.progress)
      request.progress(line);
  };
  const fs::path cache = fs::weakly_canonical(
      request.cache.empty() ? cache::default_cache() : request.cache);
  const RpmRepositories repositories(cache / cache::kDownloads, request.offline,
                                     request.live);
  say(fmt::format("{} distribution detected", distribution_of(release)));
  if (request.source_rpm.empty())
    say("Downloading kernel source for " + release);
  const fs::path package = request.source_rpm.empty()
                               ? fetch_source(repositories, release)
                               : request.source_rpm;
  const Installation installation = find_binaries(request, release, cache, repositories);
  TreeFiles files{.source = cached_tree(request, package),
                  .vmlinux = installation.vmlinux};
  if (fs::exists(files.source))
    say("Using cache at " + files.source.string());
  cache::make_once(files.source, [&](const fs::path& fresh) {
    say("Unpacking kernel source");
    unpack_kernel(package, machine_of(release), fresh);
  });
  cache::record_fingerprint(files.source);
  files.config = find_config(request, installation, files.source, release);
  files.symvers =
      first_there({installation.root / "usr/src/kernels" / release / "Module.symvers"});
  kernel::TargetRequest of_release = request;
  of_release.release = release;
  return target_of_tree(of_release, files);
}

Provider rpm_provider() {
  return {.is_meant = is_rpm_request, .find = rpm_target};
}

} // namespace kpatch::distro
