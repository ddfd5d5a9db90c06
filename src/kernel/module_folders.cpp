// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/module_folders.h"

#include "base/files.h"
#include "base/text.h"
#include "kernel/kbuild.h"

namespace kpatch::kernel {
namespace fs = std::filesystem;

bool is_out_of_tree(const Target& target) {
  return !target.kbuild_source.empty();
}

std::vector<fs::path> module_folders(const Target& target) {
  const std::string list = read_text(target.cache / kModuleFolders);
  const std::vector<std::string_view> folders = lines_of(list);
  return {folders.begin(), folders.end()};
}

std::vector<std::string> module_command(const Target& target, const fs::path& folder) {
  std::vector<std::string> argv =
      kbuild_module_command(target.kbuild_tree(), target.objects, folder);
  argv.insert(argv.end(), target.make_variables.begin(), target.make_variables.end());
  argv.emplace_back(kSectionsByMake);
  argv.emplace_back("CONFIG_DEBUG_INFO_BTF_MODULES=");
  return argv;
}

} // namespace kpatch::kernel
