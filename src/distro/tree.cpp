// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel in a tree of the user's, in one of three forms:
//
//   finished build      the directory has .config, vmlinux, generated headers and
//   kbuild's
//                       record of each object: nothing needs to be prepared, and its
//                       objects were compiled by the very commands that are recorded
//   O= build            the same, with the source elsewhere: `source` leads there
//   clean source        with -c and -v; an object tree is prepared in the cache, in which
//                       kbuild does not look at the tools here but at the configuration
//
// Which kernel it is stands in vmlinux. The version string of what is compiled must be
// the same to the letter, whatever git says about the tree now: KERNELRELEASE settles it.
#include "distro/tree.h"

#include "base/error.h"
#include "base/files.h"
#include "base/module_name.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/provider.h"
#include "image/exports_of.h"
#include "image/vmlinux_text.h"
#include "kernel/facts.h"
#include "kernel/kbuild.h"

#include <algorithm>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSymversName = "Module.symvers";

struct Tree {
  fs::path directory; ///< what the user named
  fs::path source;
  fs::path objects; ///< the finished build; empty: there is none
  fs::path config;
  fs::path vmlinux;
  fs::path symvers;       ///< empty: to be found
  fs::path debug_modules; ///< empty: where they are installed
};

/// The source of an O= build; the directory itself if it is a source tree.
fs::path source_of(const fs::path& directory) {
  if (fs::exists(directory / "Kbuild"))
    return directory;
  const fs::path link = directory / "source";
  if (fs::exists(link / "Kbuild"))
    return fs::canonical(link);
  fail_with_remedy(
      "give the top directory of a kernel source, or of a build made with O=",
      "{}: not a kernel tree", directory.string());
}

bool is_finished_build(const fs::path& directory) {
  return fs::exists(directory / "include/generated/autoconf.h") &&
         fs::exists(directory / "include/generated/utsrelease.h") &&
         fs::exists(directory / "scripts/mod/modpost");
}

fs::path default_vmlinux(const kernel::TargetRequest& request) {
  return request.overrides.vmlinux.empty() ? request.overrides.source / "vmlinux"
                                           : request.overrides.vmlinux;
}

bool same_text(const fs::path& one, const fs::path& other) {
  return fs::equivalent(one, other) || read_text(one) == read_text(other);
}

Tree locate(const kernel::TargetRequest& request) {
  Tree tree{.directory = fs::canonical(request.overrides.source)};
  tree.source = source_of(tree.directory);
  tree.vmlinux = default_vmlinux(request);
  if (!fs::exists(tree.vmlinux))
    fail_with_remedy("give it with -v, or build the tree first",
                     "can't find vmlinux: {}: no such file", tree.vmlinux.string());
  tree.vmlinux = fs::canonical(tree.vmlinux);
  const fs::path own_config = tree.directory / ".config";
  tree.config = request.overrides.config.empty() ? own_config : request.overrides.config;
  if (!fs::exists(tree.config))
    fail_with_remedy("give it with -c", "can't find config file: {}: no such file",
                     tree.config.string());
  tree.config = fs::canonical(tree.config);
  if (is_finished_build(tree.directory) && fs::exists(own_config) &&
      same_text(own_config, tree.config))
    tree.objects = tree.directory;
  return tree;
}

/// Files that are looked at once and kept belong to this vmlinux and configuration.
fs::path cache_directory(const kernel::TargetRequest& request,
                         const kernel::Target& target, const Tree& tree) {
  Sha256 identity;
  for (const fs::path& file : {tree.vmlinux, tree.config, tree.source})
    identity.add(fmt::format("{}\n{}\n", file.string(),
                             fs::last_write_time(file).time_since_epoch().count()));
  for (const std::string& variable : target.make_variables)
    identity.add(variable + "\n");
  constexpr std::size_t kDigits = 16;
  const fs::path cache = fs::weakly_canonical(
      request.cache.empty() ? cache::default_cache() : request.cache);
  return cache / cache::kKernels /
         (target.release + "_tree-" + identity.finish().substr(0, kDigits));
}

/// "fs/configfs/configfs.ko" of the lines of modules.order, which also say
/// "kernel/fs/..." (installed) and "....o" (since 6.3).
fs::path module_of_order_line(std::string_view line) {
  constexpr std::string_view kInstalled = "kernel/";
  fs::path file = line;
  if (file.extension() == ".o")
    file.replace_extension(".ko");
  return line.starts_with(kInstalled) && line.ends_with(".ko")
             ? fs::path(line.substr(kInstalled.size()))
             : file;
}

void add_built_modules(kernel::Target& target) {
  const std::string order =
      read_text_if_exists(target.objects / "modules.order").value_or("");
  for (const std::string_view line : lines_of(order)) {
    fs::path file = target.objects / line;
    if (file.extension() != ".ko" || !fs::exists(file))
      file = target.objects / module_of_order_line(line);
    if (fs::exists(file))
      target.modules.emplace(kernel::module_name(file), kernel::ModuleFiles{file, file});
  }
}

/// The modules of a kernel of which only vmlinux was given: where they are installed.
fs::path installed_debug_modules(const Tree& tree, const std::string& release) {
  if (!tree.debug_modules.empty())
    return tree.debug_modules;
  const fs::path beside = tree.vmlinux.parent_path();
  if (beside.filename() == release)
    return beside;
  return fs::path("/usr/lib/debug/lib/modules") / release;
}

void check_release_of_build(const kernel::Target& target, const fs::path& objects) {
  const fs::path header = objects / "include/generated/utsrelease.h";
  const std::string text = read_text(header);
  if (text.find('"' + target.release + '"') == std::string::npos)
    fail_with_remedy("build the tree again, or give the vmlinux that belongs to it",
                     "Kernel version mismatch: {} is {}, but {} says {}",
                     target.vmlinux.string(), target.release, header.string(), text);
}

/// Where the exports are written down: by the build, or by the package of headers of an
/// installed kernel. Otherwise they are read out of the binaries.
std::string symvers_text(const kernel::Target& target, const Tree& tree) {
  for (const fs::path& file :
       {tree.symvers, tree.directory / kSymversName,
        tree.vmlinux.parent_path() / kSymversName,
        fs::path("/lib/modules") / target.release / "build" / kSymversName})
    if (auto text = read_text_if_exists(file); text && !text->empty())
      return std::move(*text);
  std::string text = image::exports_of(target.vmlinux, kVmlinux);
  for (const auto& [name, files] : target.modules)
    text += image::exports_of(files.shipped, name);
  return text;
}

void prepare_tree(const kernel::TargetRequest& request, const Tree& tree,
                  kernel::Target& target) {
  target.objects = target.cache / cache::kPreparedTree;
  cache::make_sealed(target.objects, [&](const fs::path& fresh) {
    if (request.progress)
      request.progress("Preparing the build");
    kernel::prepare_from_config(target.source, fresh, tree.config, target.make_variables);
    check_release_of_build(target, fresh);
    write_file(fresh / kSymversName, symvers_text(target, tree));
  });
}

/// A finished build is used where it is.
void take_build(const Tree& tree, kernel::Target& target) {
  target.objects = tree.objects;
  target.records = tree.objects;
  check_release_of_build(target, target.objects);
  if (!fs::exists(target.objects / kSymversName))
    fail_with_remedy("finish the build: make vmlinux alone does not write it, "
                     "make modules does",
                     "{}: {} is missing", target.objects.string(), kSymversName);
  add_built_modules(target);
}

/// The root of the system that vmlinux was installed in: this one's, or a folder in which
/// packages were unpacked.
fs::path root_of(const fs::path& vmlinux, const std::string& release) {
  const std::string folder = vmlinux.parent_path();
  for (const std::string& below :
       {"/usr/lib/debug/lib/modules/" + release,
        "/usr/lib/debug/usr/lib/modules/" + release, "/lib/modules/" + release})
    if (folder.ends_with(below))
      return folder.substr(0, folder.size() - below.size()) + "/";
  return "/";
}

void locate_modules(const Tree& tree, kernel::Target& target) {
  if (!target.modules.empty())
    return kernel::add_facts(target, {});
  if (tree.objects.empty())
    for (const fs::path& root :
         {root_of(tree.vmlinux, target.release),
          root_of(tree.vmlinux, target.release) / "usr", fs::path("/")})
      if (target.modules_root.empty() &&
          fs::exists(root / "lib/modules" / target.release / "kernel"))
        target.modules_root = root;
  kernel::add_facts(target, tree.objects.empty()
                                ? installed_debug_modules(tree, target.release)
                                : fs::path());
}

} // namespace

bool is_tree_request(const kernel::TargetRequest& request) {
  const kernel::Overrides& given = request.overrides;
  const bool has_config = !given.config.empty() || fs::exists(given.source / ".config");
  return !given.source.empty() && (request.release.empty() ||
                                   (has_config && fs::exists(default_vmlinux(request))));
}

namespace {

kernel::Target make_target(const kernel::TargetRequest& request, const Tree& tree) {
  kernel::Target target;
  target.vmlinux = tree.vmlinux;
  target.source = tree.source;
  target.release = image::release_of_vmlinux(tree.vmlinux);
  if (!request.release.empty() && request.release != target.release)
    fail_with_remedy("leave -a out, or give the tree of that kernel",
                     "Kernel version mismatch: {} was asked for, but {} is {}",
                     request.release, tree.vmlinux.string(), target.release);
  target.version = target.release;
  target.machine = image::machine_of_binary(tree.vmlinux);
  target.config_file = tree.config;
  target.config = kernel::Config::parse(read_text(tree.config), tree.config.string());
  target.compiler =
      kernel::compiler_of(target.config, request.cross_compile, target.machine);
  kernel::check_compiler_processor(target.compiler);
  if (target.compiler.version_text.empty())
    target.compiler.version_text = image::compiler_comment(tree.vmlinux);
  target.make_variables = kernel::make_variables_of(target);

  target.cache = cache_directory(request, target, tree);
  fs::create_directories(target.cache);
  if (tree.objects.empty())
    prepare_tree(request, tree, target);
  else
    take_build(tree, target);
  target.symvers = target.objects / kSymversName;
  locate_modules(tree, target);
  return target;
}

} // namespace

kernel::Target tree_target(const kernel::TargetRequest& request) {
  const Tree tree = locate(request);
  if (request.progress)
    request.progress("Using source directory at " + tree.directory.string());
  return make_target(request, tree);
}

kernel::Target target_of_tree(const kernel::TargetRequest& request,
                              const TreeFiles& files) {
  kernel::Target target = make_target(request, {.directory = files.source,
                                                .source = files.source,
                                                .objects = {},
                                                .config = fs::canonical(files.config),
                                                .vmlinux = fs::canonical(files.vmlinux),
                                                .symvers = files.symvers,
                                                .debug_modules = files.debug_modules});
  cache::record_source(target.cache, target.source);
  return target;
}

Provider tree_provider() {
  return {.is_meant = is_tree_request, .find = tree_target};
}

} // namespace kpatch::distro
