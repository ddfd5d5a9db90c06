// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kpatch::rehearse {

struct ModuleToLoad {
  std::string name;
  std::filesystem::path file;
  bool is_optional = false;        ///< some module is better off with it, none needs it
  std::vector<std::string> needed; ///< names of modules that it cannot do without
};

/// The text of a modules.dep by which modprobe finds these modules in a directory. They
/// are in loading order.
std::string modules_dep(const std::vector<ModuleToLoad>& modules,
                        const std::string& directory);

/// The modules of one kernel: `<root>/lib/modules/<release>`.
class ModuleTree {
 public:
  ModuleTree(const std::filesystem::path& root, const std::string& release);

  bool contains(const std::string& name) const { return files_.contains(name); }
  /// Part of the kernel image itself, so nothing needs to be loaded.
  bool is_builtin(const std::string& name) const { return builtin_.contains(name); }

  /// Where depmod and the kernel's build leave their lists.
  const std::filesystem::path& directory() const { return directory_; }

  /// The modules and all that they need, in an order in which they can be loaded. A name
  /// that contains `/` or `.ko` is a file. Throws Error for what is not there.
  std::vector<ModuleToLoad> in_loading_order(const std::vector<std::string>& names) const;

 private:
  struct Walk;
  void visit(const std::string& name, bool is_required, Walk& walk) const;
  void visit_wanted(const std::string& name, Walk& walk) const;

  std::filesystem::path directory_;
  std::map<std::string, std::filesystem::path> files_;
  std::set<std::string> builtin_;
  std::multimap<std::string, std::string> providers_; ///< modules by what they provide
};

} // namespace kpatch::rehearse
