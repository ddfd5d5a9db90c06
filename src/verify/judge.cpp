// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a module may refer to stands in the boot image and in the module files below
// lib/modules/<release>; a module is known by its file's name with _ for -.
#include "verify/judge.h"

#include "kernel/image.h"
#include "verify/module_rules.h"

#include <algorithm>
#include <map>
#include <optional>

namespace kpatch::verify {
namespace fs = std::filesystem;

namespace {

class Images {
 public:
  explicit Images(const KernelOnDisk& kernel)
      : directory_(kernel.modules_root / "lib/modules" / kernel.release),
        vmlinux_(kernel::read_kernel_image(kernel.image)) {}

  const kernel::Image& vmlinux() const { return vmlinux_; }

  const kernel::Image* find(std::string_view object) {
    if (object == "vmlinux")
      return &vmlinux_;
    auto found = modules_.find(object);
    if (found == modules_.end())
      found = modules_.emplace(object, read(object)).first;
    return found->second ? &*found->second : nullptr;
  }

 private:
  std::optional<kernel::Image> read(std::string_view object) const {
    std::error_code error;
    for (fs::recursive_directory_iterator at(directory_, error), end; at != end;
         at.increment(error)) {
      std::string name = at->path().filename().string();
      const std::size_t suffix = name.find(".ko");
      if (suffix == std::string::npos || !at->is_regular_file(error))
        continue;
      name.resize(suffix);
      std::ranges::replace(name, '-', '_');
      if (name == object)
        return kernel::read_module_image(at->path());
    }
    return std::nullopt;
  }

  fs::path directory_;
  kernel::Image vmlinux_;
  std::map<std::string, std::optional<kernel::Image>, std::less<>> modules_;
};

} // namespace

std::vector<Problem> judge(const elf::Object& module, const KernelOnDisk& kernel) {
  Images images(kernel);
  return check_module(
      module, {.release = kernel.release,
               .has_orc = images.vmlinux().find_part(".orc_unwind_ip") != nullptr,
               .image = [&](std::string_view object) { return images.find(object); }});
}

} // namespace kpatch::verify
