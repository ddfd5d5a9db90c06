// SPDX-License-Identifier: GPL-2.0-or-later
//
// The finished file is read once more and held against the kernel that is to load it, by
// the judge that `kpatch verify` is: what was believed while it was made is not asked. Of
// processors whose images cannot be read, the file alone is judged.
#include "produce/module_check.h"

#include "base/module_name.h"
#include "klp/core_module.h"
#include "match/match.h"
#include "verify/judge.h"
#include "verify/module_rules.h"

namespace kpatch::produce {

std::vector<Problem> module_problems(const kernel::Target& target,
                                     const std::filesystem::path& module) {
  elf::Object object = elf::read_object(module);
  object.label = module.filename().string();
  if (!match::can_match(object))
    return verify::check_module_alone(object);
  verify::KernelOnDisk kernel{.release = target.release,
                              .image = target.shipped_file(kVmlinux),
                              .modules_root = target.modules_root,
                              .more_modules = {}};
  if (const auto core = module.parent_path() / klp::kCoreFile;
      std::filesystem::exists(core))
    kernel.more_modules.push_back(core);
  for (const auto& [name, files] : target.modules)
    kernel.more_modules.push_back(files.shipped);
  return verify::judge(object, kernel);
}

} // namespace kpatch::produce
