// SPDX-License-Identifier: GPL-2.0-or-later
//
// The finished file is read once more and held against the kernel that is to load it:
// what was believed while it was made is not asked.
#include "produce/module_check.h"

#include "image/image.h"
#include "match/match.h"
#include "verify/module_rules.h"

#include <map>
#include <optional>

namespace kpatch::produce {

namespace {

/// The images that a module refers to, each read when it is first asked for.
class Images {
 public:
  explicit Images(const kernel::Target& target) : target_(target) {}

  const image::Image* find(std::string_view owner) {
    auto found = images_.find(owner);
    if (found == images_.end())
      found = images_.emplace(owner, read(owner)).first;
    return found->second ? &*found->second : nullptr;
  }

 private:
  std::optional<image::Image> read(std::string_view owner) const {
    if (owner == kernel::kVmlinux)
      return image::read_kernel_image(target_.shipped_file(owner));
    if (!target_.modules.contains(owner))
      return std::nullopt;
    return image::read_module_image(target_.shipped_file(owner));
  }

  const kernel::Target& target_;
  std::map<std::string, std::optional<image::Image>, std::less<>> images_;
};

} // namespace

std::vector<Problem> module_problems(const kernel::Target& target,
                                     const std::filesystem::path& module) {
  elf::Object object = elf::read_object(module);
  object.label = module.filename().string();
  if (!match::can_match(object))
    return {};
  Images images(target);
  return verify::check_module(
      object, {.release = target.release,
               .has_orc = target.config.is_set("CONFIG_UNWINDER_ORC"),
               .image = [&](std::string_view owner) { return images.find(owner); }});
}

} // namespace kpatch::produce
