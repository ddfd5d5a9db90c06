// SPDX-License-Identifier: GPL-2.0-or-later
//
// An unpacked package has no modules.dep: depmod writes that on the machine where the
// package is installed. The modules say themselves what they need (`depends=` in
// modinfo), so they are asked. Optional helpers (`softdep=pre:`) are taken along when
// they are there.
#include "runtime/module_tree.h"

#include "base/error.h"
#include "base/files.h"
#include "runtime/module_file.h"

#include <sstream>

namespace kpatch::runtime {
namespace fs = std::filesystem;

struct ModuleTree::Walk {
  std::set<std::string> seen;
  std::vector<ModuleToLoad> order;
};

ModuleTree::ModuleTree(const fs::path& root, const std::string& release)
    : directory_(root / "lib/modules" / release) {
  std::error_code error;
  fs::recursive_directory_iterator entry(directory_ / "kernel", error);
  if (error)
    fail_with_remedy("name the root of an unpacked kernel image package",
                     "{}: no modules are there", directory_.string());
  for (const fs::directory_entry& file : entry)
    if (file.path().filename().string().find(".ko") != std::string::npos)
      files_[module_name(file.path().string())] = file.path();
  std::istringstream builtin(
      read_text_if_exists(directory_ / "modules.builtin").value_or(""));
  for (std::string line; std::getline(builtin, line);)
    builtin_.insert(module_name(line));
}

void ModuleTree::visit(const std::string& name, bool is_required, Walk& walk) const {
  const bool is_file =
      name.find('/') != std::string::npos || name.find(".ko") != std::string::npos;
  const std::string key = module_name(name);
  if (walk.seen.contains(key) || (!is_file && is_builtin(key)))
    return;
  const auto known = files_.find(key);
  if (!is_file && known == files_.end()) {
    if (!is_required)
      return;
    fail_with_remedy("give the path of its .ko file if it is not part of the kernel",
                     "{}: no module of this name in {}", name, directory_.string());
  }
  walk.seen.insert(key);
  const fs::path file = is_file ? fs::path(name) : known->second;
  const ModuleFile module = read_module_file(file);
  for (const std::string& other : module.wanted())
    visit(other, false, walk);
  for (const std::string& other : module.needed())
    visit(other, true, walk);
  walk.order.push_back({module.name, file});
}

std::vector<ModuleToLoad>
ModuleTree::in_loading_order(const std::vector<std::string>& names) const {
  Walk walk;
  for (const std::string& name : names)
    visit(name, true, walk);
  return walk.order;
}

} // namespace kpatch::runtime
