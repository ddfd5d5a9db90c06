// SPDX-License-Identifier: GPL-2.0-or-later
//
// A module from outside the kernel's tree has makefiles of its own, which only kbuild can
// read. So kbuild builds it once against the prepared kernel, in a copy: what it records
// there of each object is all that is needed to compile both sides of a unit, and the
// lists of objects that it leaves (NAME.mod) say whose unit it is. The .ko in use gives
// the symbols; the one that kbuild made beside the copy is not looked at.
//
// Of several sources each becomes a folder of the copy, under its own name, and sees the
// exports of those before it, as modules that depend on each other need.
#include "distro/out_of_tree.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/sha256.h"
#include "cache/cache.h"
#include "image/vmlinux_text.h"
#include "kernel/kbuild.h"
#include "kernel/module_folders.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr const char* kTree = "tree";
constexpr const char* kSymvers = "symvers";
constexpr std::string_view kProducts[] = {".o", ".ko", ".a", ".mod", ".cmd"};

bool is_product(const fs::path& file) {
  const std::string name = file.filename();
  return std::ranges::find(kProducts, file.extension().native()) != std::end(kProducts) ||
         name.ends_with(".mod.c") || name == "modules.order" || name == "Module.symvers";
}

void copy_source(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const fs::path name = entry.path().filename();
    if (name == ".git" || (!entry.is_directory() && is_product(name)))
      continue;
    if (entry.is_directory() && !entry.is_symlink())
      copy_source(entry.path(), to / name);
    else
      fs::copy(entry.path(), to / name, fs::copy_options::copy_symlinks);
  }
}

/// Over everything that the copy and the build of it depend on.
std::string identity(const kernel::Target& kernel, const kernel::OutOfTree& wanted) {
  Sha256 hash;
  hash.add("2\n"); // another number for another form of the copy
  const auto add_file = [&](const fs::path& file) {
    hash.add(fmt::format("{}\n{}\n", file.string(), sha256(read_text(file))));
  };
  for (const fs::path& module : wanted.modules)
    add_file(module);
  for (const fs::path& source : wanted.sources) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(source))
      if (entry.is_regular_file() && !is_product(entry.path()))
        files.push_back(entry.path());
    std::ranges::sort(files);
    std::ranges::for_each(files, add_file);
  }
  hash.add(kernel.objects.string() + "\n" + kernel.compiler.version_text);
  constexpr std::size_t kDigits = 16;
  return hash.finish().substr(0, kDigits);
}

/// Where a source is in the copy.
std::vector<fs::path> places(const kernel::OutOfTree& wanted, const fs::path& tree) {
  if (wanted.sources.size() == 1)
    return {tree};
  std::vector<fs::path> all;
  for (const fs::path& source : wanted.sources)
    all.push_back(tree / source.filename());
  std::vector<fs::path> sorted = all;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end())
    fail_with_remedy("rename one of them",
                     "two module source dirs have the same name; patches could not tell "
                     "them apart");
  return all;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void build_module(const kernel::Target& kernel, const fs::path& place,
                  const std::string& symbols) {
  std::vector<std::string> argv = kernel::module_command(kernel, place);
  argv.emplace_back("KBUILD_EXTRA_SYMBOLS=" + symbols);
  argv.emplace_back("modules");
  const Outcome outcome =
      run({.argv = argv, .environment = kernel::kbuild_environment()});
  if (!outcome.ok())
    fail_with_remedy("if it needs what another module exports, give that one's source "
                     "before it, or name its Module.symvers in KBUILD_EXTRA_SYMBOLS",
                     "the unchanged source of the module cannot be built\n{}{}",
                     outcome.output, outcome.errors);
}

/// The exports of the kernel, of the modules and of those that the user names, in one.
std::string joined_symvers(const kernel::Target& kernel, const std::string& files) {
  std::string text = read_text(kernel.symvers);
  std::istringstream words(files);
  for (std::string file; words >> file;)
    text += read_text(file);
  return text;
}

void make_copy(const kernel::Target& kernel, const kernel::OutOfTree& wanted,
               const fs::path& fresh) {
  std::string symbols = environment("KBUILD_EXTRA_SYMBOLS");
  const std::vector<fs::path> copies = places(wanted, fresh / kTree);
  std::string folders;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    folders += copies[i].lexically_relative(fresh / kTree).string() + "\n";
    copy_source(wanted.sources[i], copies[i]);
    build_module(kernel, copies[i], symbols);
    symbols += " " + (copies[i] / "Module.symvers").string();
  }
  write_file(fresh / kernel::kModuleFolders, folders);
  write_file(fresh / kSymvers, joined_symvers(kernel, symbols));
}

/// The list of objects of a module, wherever in the copy its makefile is.
fs::path object_list(const fs::path& tree, const std::string& name) {
  std::string others;
  for (const auto& entry : fs::recursive_directory_iterator(tree)) {
    if (entry.path().extension() != ".mod")
      continue;
    if (kernel::module_name(entry.path().stem()) == name)
      return entry.path();
    others += (others.empty() ? "" : ", ") + entry.path().stem().string();
  }
  fail("{}: the module source does not make such a module; it makes {}", name,
       others.empty() ? "none" : others);
}

/// Kbuild has called the copy by the name under which it was being made.
std::string unit_of(const std::string& object, const fs::path& list,
                    const fs::path& tree) {
  fs::path path = fs::path(object).replace_extension(".c");
  if (path.is_absolute()) {
    const std::string mark = std::string("/") + kTree + "/";
    const std::size_t at = path.native().rfind(mark);
    return at == std::string::npos ? std::string()
                                   : path.native().substr(at + mark.size());
  }
  return (list.parent_path() / path).lexically_relative(tree);
}

void add_units(const fs::path& tree, const std::string& name, kernel::UnitIndex& units) {
  const fs::path list = object_list(tree, name);
  std::istringstream words(read_text(list));
  for (std::string object; words >> object;)
    if (const std::string unit = unit_of(object, list, tree);
        fs::exists(tree / unit) && unit.ends_with(".c"))
      units.add(unit, name);
}

} // namespace

std::string release_of_module(const fs::path& module) {
  const std::string magic = image::modinfo_value(module, "vermagic");
  if (magic.empty())
    fail("{}: not a kernel module: it has no version magic", module.string());
  return magic.substr(0, magic.find(' '));
}

kernel::Target with_out_of_tree_modules(kernel::Target kernel,
                                        const kernel::TargetRequest& request) {
  const kernel::OutOfTree& wanted = request.out_of_tree;
  for (const fs::path& module : wanted.modules)
    if (const std::string release = release_of_module(module); release != kernel.release)
      fail_with_remedy("give the module that is used with that kernel",
                       "Kernel version mismatch: {} is for {}, not for {}",
                       module.string(), release, kernel.release);
  const fs::path place = kernel.cache / "out-of-tree" / identity(kernel, wanted);
  cache::make_once(place, [&](const fs::path& fresh) {
    if (request.progress)
      request.progress("Building the unchanged out-of-tree module");
    make_copy(kernel, wanted, fresh);
  });
  kernel::Target target = std::move(kernel);
  target.kbuild_source = target.source;
  target.source = place / kTree;
  target.records = target.source;
  target.cache = place;
  target.symvers = place / kSymvers;
  target.units = {};
  for (const fs::path& module : wanted.modules) {
    const std::string name = kernel::module_name(module);
    target.modules.insert_or_assign(name, kernel::ModuleFiles{module, module});
    add_units(target.source, name, target.units);
  }
  return target;
}

} // namespace kpatch::distro
