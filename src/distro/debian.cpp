// SPDX-License-Identifier: GPL-2.0-or-later
//
// A Debian kernel is put together from packages of one version:
//
//   linux-image-REL       what runs: vmlinuz and modules, signed, and therefore from a
//                         source package of its own; it says what it was made of. Since
//                         6.19 it is empty and depends on linux-base-REL,
//                         linux-modules-REL, and linux-binary-REL with vmlinuz, which
//                         then says what it was made of
//   linux-headers-REL     configuration, generated headers, Module.symvers
//   linux-kbuild-X.Y      objtool and scripts that go with them; there is one for all
//                         kernels of a series, so a later version will do
//   linux-image-REL-dbg   vmlinux and modules with debug information; only needed where
//                         the code in the image cannot be read, but used if it is there
//   linux-source-X.Y      the source
//
// Kernels of a feature set, such as "rt", are made of a source with more patches. The
// source package has them (see feature_set.cpp). Where it is not served, the headers of
// the feature set, linux-headers-X.Y.Z-N-common-SET, take the place of the plain ones; a
// unit that the patches change themselves does not pass the proof then.
//
// In the cache: downloads/ (package files), sources/<version>/ (shared by all flavours)
// and kernels/<release>_<version>/ with image/, debug/, objects/ and what is derived from
// them. With a feature set, sources/<version>_<set>/ has its headers only, and
// sources/<version>_<set>-patched/ all of it.
#include "distro/debian.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "base/host_kernel.h"
#include "base/process.h"
#include "base/sha256.h"
#include "cache/cache.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/debian_archive.h"
#include "distro/debian_compiler.h"
#include "distro/debian_names.h"
#include "distro/debian_sources.h"
#include "distro/debian_versions.h"
#include "distro/depmod.h"
#include "distro/feature_set.h"
#include "distro/package_unpack.h"
#include "distro/provider.h"
#include "kernel/facts.h"
#include "kernel/kbuild.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

/// In the unpacked image: the version of the source package that it was made of, and the
/// feature set if it has one.
constexpr const char* kSourceVersionFile = cache::kSourceVersion;
constexpr const char* kSourcePackageFile = "source-package"; ///< its name
constexpr char kFeatureSetMark = '_'; // no version of a package has it
constexpr std::string_view kPatched = cache::kPatchedSource;

constexpr const char* kBinaryPrefix = "linux-binary-";
/// In the folder of the kernel: what its own programs need where the machine lacks it.
constexpr const char* kToolLibraries = "tool-libraries";

constexpr std::string_view kKbuildPrefix = "linux-kbuild-";

struct Workshop {
  const kernel::TargetRequest& request;
  std::string release;
  std::string version; ///< of the image package
  std::string source_version{};
  std::string source_package = "linux";
  fs::path cache;
  fs::path kernel{};        ///< its directory in the cache
  bool has_patches = false; ///< the source is that of the feature set
  DebianArchive archive;

  void say(std::string_view line) const {
    if (request.progress)
      request.progress(line);
  }
};

bool has_vmlinux_in_boot_image(const Workshop& shop) {
  const arch::Arch* machine = arch::find_arch(machine_of_release(shop.release));
  return machine && machine->has_vmlinux_in_boot_image();
}

/// The image tells as much as debug information does, if there is a vmlinux in it.
bool needs_debug(const Workshop& shop) {
  return shop.request.debug_package || !has_vmlinux_in_boot_image(shop);
}

/// The files of all packages.
struct Packages {
  fs::path image, headers, kbuild, debug, source;
  std::vector<fs::path> parts; ///< of the image, where it is split
  std::string made_of;         ///< the version of the source that the image is made of
  fs::path common;             ///< headers of a feature set; empty: the kernel has none
};

/// Where the image is split its parts have the same release in their names.
void fetch_image(Workshop& shop, Packages& files) {
  files.image = shop.archive.fetch("linux-image-" + shop.release, shop.version);
  ControlFields made = read_control(files.image);
  const std::string depends = made["Depends"];
  for (const char* prefix : {"linux-base-", kBinaryPrefix, "linux-modules-"}) {
    const std::string part = prefix + shop.release;
    if (dependency_with_prefix(depends, part) != part)
      continue;
    files.parts.push_back(shop.archive.fetch(part, shop.version));
    if (prefix == kBinaryPrefix)
      made = read_control(files.parts.back());
  }
  files.made_of = kernel_source_version(made);
}

/// Downloads what is not here. Everything is fetched before anything is unpacked, the
/// small first, so that a version that is not served is known at once.
Packages fetch_packages(Workshop& shop) {
  const bool with_source = shop.request.overrides.source.empty();
  Packages files;
  fetch_image(shop, files);
  const std::string& version = files.made_of;
  files.headers = shop.archive.fetch("linux-headers-" + shop.release, version);
  const std::string depends = read_control(files.headers)["Depends"];
  const std::string kbuild = dependency_with_prefix(depends, kKbuildPrefix);
  if (kbuild.empty())
    fail_with_remedy(
        "give the kernel's own build tree with -s, -c and -v",
        "{}: it depends on no linux-kbuild package, which has the tools that "
        "go with it",
        files.headers.string());
  files.kbuild = shop.archive.fetch_at_least(kbuild, version);
  const std::string common = dependency_with_prefix(depends, "linux-headers-");
  if (!feature_set_of(common).empty())
    files.common = shop.archive.fetch(common, version);
  if (with_source)
    files.source = shop.archive.fetch("linux-source-" + kernel_series(version), version);
  if (needs_debug(shop))
    files.debug = shop.archive.fetch("linux-image-" + shop.release + "-dbg", version);
  return files;
}

void unpack_image(Workshop& shop, const fs::path& fresh) {
  shop.say("Downloading packages");
  const Packages packages = fetch_packages(shop);
  std::string made_of = packages.made_of;
  if (!packages.common.empty())
    made_of += kFeatureSetMark + feature_set_of(read_control(packages.common)["Package"]);
  shop.say("Unpacking the kernel image");
  unpack_deb(packages.image, fresh, shop.request.live);
  for (const fs::path& part : packages.parts)
    unpack_deb(part, fresh, shop.request.live);
  fs::remove_all(fresh / "usr/share");
  run_depmod(fresh, shop.release);
  write_file(fresh / kSourceVersionFile, made_of);
  write_file(fresh / kSourcePackageFile,
             source_package(read_control(packages.headers)).name);
}

/// "rt"; empty for most kernels.
std::string feature_set(const Workshop& shop) {
  const std::size_t mark = shop.source_version.find(kFeatureSetMark);
  return mark == std::string::npos ? "" : shop.source_version.substr(mark + 1);
}

void unpack_source(Workshop& shop, const fs::path& fresh) {
  const Packages packages = fetch_packages(shop);
  shop.say("Unpacking the kernel source");
  unpack_linux_source(packages.source, fresh, shop.request.live);
  if (!packages.common.empty())
    take_headers(packages.common, fresh);
}

void unpack_debug(Workshop& shop, const fs::path& fresh) {
  const fs::path package = fetch_packages(shop).debug;
  shop.say("Unpacking the debug symbols");
  unpack_deb(package, fresh, shop.request.live);
}

kernel::Compiler compiler_for(const Workshop& shop, const fs::path& config) {
  return debian_compiler(kernel::Config::parse(read_text(config), config.string()),
                         machine_of_release(shop.release), shop.request, shop.cache,
                         shop.archive.release());
}

std::vector<std::string> variables_for(const kernel::Compiler& compiler) {
  std::vector<std::string> variables = kernel::cross_variables(compiler);
  // One that is installed has the name that kbuild takes.
  if (!compiler.cross_compile.empty() && compiler.make_variables.empty())
    variables.push_back("CC=" + compiler.command);
  std::ranges::copy(compiler.make_variables, std::back_inserter(variables));
  return variables;
}

/// Puts the two packages of which the object tree consists together and has it prepared.
void prepare_kernel(Workshop& shop, const fs::path& source, const fs::path& fresh) {
  const Packages packages = fetch_packages(shop);
  shop.say("Preparing the build");
  const TempDir unpacked(".unpacked-", fresh);
  unpack_deb(packages.headers, unpacked.path());
  unpack_deb(packages.kbuild, unpacked.path());
  const fs::path tree = unpacked.path() / "usr/src" / ("linux-headers-" + shop.release);
  for (const fs::directory_entry& entry : fs::directory_iterator(tree))
    if (!entry.is_symlink())
      fs::rename(entry.path(), fresh / entry.path().filename());
  for (const fs::directory_entry& entry :
       fs::directory_iterator(unpacked.path() / "usr/lib"))
    if (entry.path().filename().string().starts_with(kKbuildPrefix))
      for (const fs::directory_entry& tool : fs::directory_iterator(entry.path()))
        fs::rename(tool.path(), fresh / tool.path().filename());
  make_tools_run(fresh, shop.kernel / kToolLibraries,
                 read_control(packages.kbuild)["Depends"], shop.archive.release());
  const fs::path& own = shop.request.overrides.config;
  const kernel::Compiler compiler =
      compiler_for(shop, own.empty() ? fresh / ".config" : own);
  kernel::prepare_objects(source, fresh, own, variables_for(compiler));
}

/// Another configuration, source or vmlinux makes another kernel: what is derived from
/// them has its own directory, named after them.
fs::path derived_directory(const Workshop& shop) {
  const kernel::Overrides& given = shop.request.overrides;
  std::string identity;
  for (const fs::path& path : {given.source, given.config, given.vmlinux}) {
    if (path.empty())
      continue;
    if (!fs::exists(path))
      fail("{}: no such file or directory", path.string());
    identity += fmt::format("{}\n{}\n", fs::canonical(path).string(),
                            fs::last_write_time(path).time_since_epoch().count());
  }
  if (identity.empty())
    return shop.has_patches ? shop.kernel / kPatched.substr(1) : shop.kernel;
  return shop.kernel / ("variant-" + sha256(identity).substr(0, 16));
}

fs::path first_existing(const std::vector<fs::path>& candidates, std::string_view what) {
  for (const fs::path& candidate : candidates)
    if (fs::exists(candidate))
      return candidate;
  fail("{}: {} is not where it should be", candidates.front().string(), what);
}

void locate_image(const Workshop& shop, kernel::Target& target) {
  const fs::path image = shop.kernel / "image";
  const std::optional<fs::path> found = cache::find_image(image, shop.release);
  if (!found)
    fail("{}: the kernel image is not where it should be", image.string());
  target.image = *found;
  target.modules_root = fs::exists(image / "lib/modules") ? image : image / "usr";
}

void locate_debug(const Workshop& shop, kernel::Target& target) {
  const fs::path& given = shop.request.overrides.vmlinux;
  if (!fs::exists(shop.kernel / "debug")) {
    if (!given.empty())
      target.image = target.vmlinux = fs::canonical(given);
    return kernel::add_facts(target, {});
  }
  const fs::path debug = shop.kernel / "debug/usr/lib/debug";
  target.vmlinux =
      given.empty() ? first_existing({debug / "boot" / ("vmlinux-" + shop.release),
                                      debug / "lib/modules" / shop.release / "vmlinux"},
                                     "vmlinux with debug information")
                    : fs::canonical(given);
  if (!given.empty() || !has_vmlinux_in_boot_image(shop))
    target.image = target.vmlinux;
  kernel::add_facts(target, first_existing({debug / "lib/modules" / shop.release,
                                            debug / "usr/lib/modules" / shop.release},
                                           "the debug information of the modules"));
}

Workshop open_workshop(const kernel::TargetRequest& request) {
  const std::string release =
      request.release.empty() ? host_kernel().release : request.release;
  check_release(release);
  machine_of_release(release); // refuses other kernels than Debian's
  const fs::path cache = fs::weakly_canonical(
      request.cache.empty() ? cache::default_cache() : request.cache);
  DebianArchive archive(cache / cache::kDownloads, request.offline,
                        archive_of_release(release, cache, request), request.live);
  const std::string version = choose_version(cache, archive, release);
  Workshop shop{.request = request,
                .release = release,
                .version = version,
                .cache = cache,
                .archive = archive};
  shop.kernel = cache / cache::kKernels / (release + "_" + version);
  if (!request.offline && !fs::exists(shop.kernel / cache::kImage))
    refuse_image_alone(shop.archive, release, version);
  return shop;
}

void read_configuration(const Workshop& shop, kernel::Target& target) {
  target.config_file = target.objects / ".config";
  target.symvers = target.objects / "Module.symvers";
  target.config =
      kernel::Config::parse(read_text(target.config_file), target.config_file.string());
  target.compiler = compiler_for(shop, target.config_file);
  target.make_variables = variables_for(target.compiler);
}

fs::path cached_source(const Workshop& shop) {
  return shop.cache / cache::kSources / shop.source_version;
}

fs::path patched_source(const Workshop& shop) {
  return cached_source(shop) += kPatched;
}

SourcePackage source_package_of(const Workshop& shop) {
  return {.name = shop.source_package,
          .version =
              shop.source_version.substr(0, shop.source_version.find(kFeatureSetMark))};
}

/// The file that has the patches of the feature set.
fs::path patches_file(const Workshop& shop) {
  return shop.cache / cache::kDownloads / packaging_file(source_package_of(shop));
}

void make_patched_source(Workshop& shop, const fs::path& source) {
  const fs::path plain = fetch_packages(shop).source;
  const std::string& version = source_package_of(shop).version;
  const fs::path packaging = shop.archive.fetch_packaging(
      source_package_of(shop),
      fmt::format("linux-source-{}={}", kernel_series(version), version));
  cache::make_once(source, [&](const fs::path& fresh) {
    shop.say(
        fmt::format("Unpacking the kernel source and the patches of the feature set '{}'",
                    feature_set(shop)));
    unpack_linux_source(plain, fresh, shop.request.live);
    apply_feature_set(packaging, feature_set(shop), fresh);
  });
  cache::record_fingerprint(source);
  cache::record_source(shop.kernel, source);
}

/// The source with the patches of the feature set; empty if they cannot be had. The
/// archive is asked once; after that they may be put where downloads go.
fs::path find_patched_source(Workshop& shop) {
  const fs::path source = patched_source(shop);
  const bool was_asked = fs::exists(cached_source(shop));
  if (!fs::exists(source) && was_asked && !fs::exists(patches_file(shop)))
    return {};
  try {
    if (!fs::exists(source))
      make_patched_source(shop, source);
  } catch (const Error& error) {
    shop.say(fmt::format("NOTICE: without the patches of the feature set '{}', functions "
                         "that they change cannot be patched: {}\n  {}",
                         feature_set(shop), error.what(), error.remedy()));
    return {};
  }
  shop.has_patches = true;
  return source;
}

fs::path find_source(Workshop& shop) {
  const fs::path& given = shop.request.overrides.source;
  if (!given.empty()) {
    const fs::path source = fs::canonical(given);
    first_existing({source / "Kbuild"}, "a kernel source tree");
    return source;
  }
  if (!feature_set(shop).empty())
    if (const fs::path source = find_patched_source(shop); !source.empty())
      return source;
  const fs::path source = cached_source(shop);
  cache::make_once(source, [&](const fs::path& to) { unpack_source(shop, to); });
  cache::record_fingerprint(source);
  return source;
}

void read_source_names(Workshop& shop) {
  shop.source_version = read_text(shop.kernel / "image" / kSourceVersionFile);
  if (const auto name = read_text_if_exists(shop.kernel / "image" / kSourcePackageFile))
    shop.source_package = *name;
}

/// Says where the source comes from, in the words that scripts around kpatch-build know.
void announce(Workshop& shop) {
  if (!shop.request.overrides.source.empty())
    return shop.say("Using source directory at " +
                    shop.request.overrides.source.string());
  if (fs::exists(shop.kernel / "image")) {
    read_source_names(shop);
    for (const fs::path& source : {patched_source(shop), cached_source(shop)})
      if (fs::exists(source))
        return shop.say("Using cache at " + source.string());
  }
  shop.say("debian distribution detected");
  shop.say("Downloading and unpacking the kernel source for " + shop.release);
}

} // namespace

kernel::Target debian_target(const kernel::TargetRequest& request) {
  Workshop shop = open_workshop(request);
  kernel::Target target;
  target.release = shop.release;
  target.machine = machine_of_release(shop.release);

  announce(shop);
  const fs::path image = shop.kernel / cache::kImage;
  cache::make_sealed(image, [&](const fs::path& to) { unpack_image(shop, to); });
  read_source_names(shop);
  target.version = shop.source_version;
  locate_image(shop, target);

  target.source = find_source(shop);
  target.cache = derived_directory(shop);
  if (request.overrides.source.empty() && !shop.has_patches &&
      !feature_set(shop).empty()) {
    target.feature_set = feature_set(shop);
    target.patches_file = patches_file(shop);
  }

  target.objects = target.cache / cache::kPreparedTree;
  cache::make_sealed(target.objects, [&](const fs::path& to) {
    prepare_kernel(shop, target.source, to);
  });
  read_configuration(shop, target);

  if (needs_debug(shop))
    cache::make_sealed(shop.kernel / "debug",
                       [&](const fs::path& to) { unpack_debug(shop, to); });
  locate_debug(shop, target);
  return target;
}

Provider debian_provider() {
  return {.is_meant = [](const kernel::TargetRequest&) { return true; },
          .find = debian_target,
          .find_newer = debian_newer_source};
}

} // namespace kpatch::distro
