// SPDX-License-Identifier: GPL-2.0-or-later
//
// livepatch resolves symbols by name when the patched object is there. kpatch.ko resolves
// nothing: kernels export no function that could. Its modules have all addresses from the
// image, and the module loader itself fills them in (core_convert.cpp).
#include "klp/backend.h"

#include "klp/convert.h"
#include "klp/core_convert.h"
#include "klp/core_module.h"
#include "klp/module.h"

#include <array>

namespace kpatch::klp {

namespace {

constexpr std::array<std::string_view, 3> kHook = {"hook.c", "hook.h",
                                                   "include/kpatch-records.h"};
constexpr std::array<std::string_view, 4> kCoreHook = {
    "core_hook.c", "hook.h", "include/kpatch-records.h", "include/kpatch-core.h"};

class Livepatch : public Backend {
 public:
  kernel::PatchedBy who() const override { return kernel::PatchedBy::kLivepatch; }

  void finish(elf::Object& module) const override { convert_to_livepatch(module, {}); }
};

class Core : public Backend {
 public:
  explicit Core(CoreIdentity identity) : identity_(std::move(identity)) {}

  kernel::PatchedBy who() const override { return kernel::PatchedBy::kCore; }

  std::vector<ExtraPart> parts(const elf::Object& sample) const override {
    return {{"identity.o", identity_object(identity_, sample)}};
  }

  std::set<std::string> more_exports() const override { return {kCoreExport}; }

  std::vector<std::filesystem::path>
  companions(const ModuleRequest& request) const override {
    return {built_core(request).module};
  }

  std::vector<std::string> link_arguments(const ModuleRequest& request) const override {
    return {"KBUILD_EXTRA_SYMBOLS=" + built_core(request).symvers.string()};
  }

  void finish(elf::Object& module) const override { convert_to_core(module, identity_); }

 private:
  CoreIdentity identity_;
};

} // namespace

std::span<const std::string_view> hook_files(kernel::PatchedBy who) {
  if (who == kernel::PatchedBy::kCore)
    return kCoreHook;
  return kHook;
}

std::shared_ptr<const Backend> livepatch_backend() {
  return std::make_shared<Livepatch>();
}

std::shared_ptr<const Backend> core_backend(CoreIdentity identity) {
  return std::make_shared<Core>(std::move(identity));
}

} // namespace kpatch::klp
