// SPDX-License-Identifier: GPL-2.0-or-later
//
// An unpacked package has no modules.dep: depmod writes that on the machine where the
// package is installed. The modules say themselves what they need (`depends=` in
// modinfo), so they are asked. Optional helpers (`softdep=pre:`) are taken along when
// they are there. These go by what they provide: libcrc32c wants "crc32c", be it from
// crc32c_generic or from crc32c_intel, of which the latter refuses to work on some
// processors. Who provides what depmod has collected in modules.alias.
#include "rehearse/module_tree.h"

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "runtime/module_file.h"

#include <sstream>

namespace kpatch::rehearse {
namespace fs = std::filesystem;

struct ModuleTree::Walk {
  /// By what each module needs; those of files from elsewhere too.
  std::map<std::string, std::vector<std::string>> seen;
  std::vector<ModuleToLoad> order;

  /// Marks all that the module needs, and that in turn, as not optional.
  void require(const std::string& key, std::set<std::string>& required) const {
    if (const auto found = seen.find(key);
        found != seen.end() && required.insert(key).second)
      for (const std::string& other : found->second)
        require(runtime::module_name(other), required);
  }
};

namespace {

/// The lines "alias WHAT MODULE" without those that stand for many things by a pattern.
std::multimap<std::string, std::string> read_providers(const fs::path& aliases) {
  std::multimap<std::string, std::string> providers;
  const std::string list = read_text_if_exists(aliases).value_or("");
  for (const std::string_view line : lines_of(list)) {
    std::istringstream words{std::string(line)};
    std::string keyword, what, module;
    if (words >> keyword >> what >> module && keyword == "alias" &&
        what.find_first_of("*?[") == std::string::npos)
      providers.emplace(runtime::module_name(what), module);
  }
  return providers;
}

/// What a module needs, and that in turn, the nearest first.
std::vector<std::string> all_needed(const std::string& name,
                                    const std::vector<ModuleToLoad>& modules) {
  std::vector<std::string> found = {runtime::module_name(name)};
  for (auto module = modules.rbegin(); module != modules.rend(); ++module)
    if (std::ranges::find(found, runtime::module_name(module->name)) != found.end())
      for (const std::string& other : module->needed)
        if (const std::string key = runtime::module_name(other);
            std::ranges::find(found, key) == found.end())
          found.push_back(key);
  found.erase(found.begin());
  return found;
}

} // namespace

std::string modules_dep(const std::vector<ModuleToLoad>& modules,
                        const std::string& directory) {
  std::string text;
  for (const ModuleToLoad& module : modules) {
    text += fmt::format("{}/{}.ko:", directory, module.name);
    // The last is loaded first.
    const std::vector<std::string> needed = all_needed(module.name, modules);
    for (auto other = modules.rbegin(); other != modules.rend(); ++other)
      if (std::ranges::find(needed, runtime::module_name(other->name)) != needed.end())
        text += fmt::format(" {}/{}.ko", directory, other->name);
    text += '\n';
  }
  return text;
}

ModuleTree::ModuleTree(const fs::path& root, const std::string& release)
    : directory_(root / "lib/modules" / release) {
  std::error_code error;
  fs::recursive_directory_iterator entry(directory_ / "kernel", error);
  if (error)
    fail_with_remedy("name the root of an unpacked kernel image package",
                     "{}: no modules are there", directory_.string());
  for (const fs::directory_entry& file : entry)
    if (file.path().filename().string().find(".ko") != std::string::npos)
      files_[runtime::module_name(file.path().string())] = file.path();
  const std::string builtin =
      read_text_if_exists(directory_ / "modules.builtin").value_or("");
  for (const std::string_view line : lines_of(builtin))
    builtin_.insert(runtime::module_name(line));
  providers_ = read_providers(directory_ / "modules.alias");
}

void ModuleTree::visit_wanted(const std::string& name, Walk& walk) const {
  const auto [first, last] = providers_.equal_range(runtime::module_name(name));
  if (contains(runtime::module_name(name)) || first == last)
    return visit(name, false, walk);
  for (auto provider = first; provider != last; ++provider)
    visit(provider->second, false, walk);
}

void ModuleTree::visit(const std::string& name, bool is_required, Walk& walk) const {
  const bool is_file =
      name.find('/') != std::string::npos || name.find(".ko") != std::string::npos;
  const std::string key = runtime::module_name(name);
  if (walk.seen.contains(key) || (!is_file && is_builtin(key)))
    return;
  const auto known = files_.find(key);
  if (!is_file && known == files_.end()) {
    if (!is_required)
      return;
    fail_with_remedy("give the path of its .ko file if it is not part of the kernel",
                     "{}: no module of this name in {}", name, directory_.string());
  }
  const fs::path file = is_file ? fs::path(name) : known->second;
  const runtime::ModuleFile module = runtime::read_module_file(file);
  std::vector<std::string> needed = module.needed();
  walk.seen[key] = needed;
  for (const std::string& other : module.wanted())
    visit_wanted(other, walk);
  for (const std::string& other : needed)
    visit(other, true, walk);
  walk.order.push_back({.name = module.name, .file = file, .needed = std::move(needed)});
}

std::vector<ModuleToLoad>
ModuleTree::in_loading_order(const std::vector<std::string>& names) const {
  Walk walk;
  for (const std::string& name : names)
    visit(name, true, walk);
  std::set<std::string> required;
  for (const std::string& name : names)
    walk.require(runtime::module_name(name), required);
  for (ModuleToLoad& module : walk.order)
    module.is_optional = !required.contains(runtime::module_name(module.file.string()));
  return walk.order;
}

} // namespace kpatch::rehearse
