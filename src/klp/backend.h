// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "kernel/patched_by.h"

#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::klp {

struct CoreIdentity;
struct ModuleRequest;

/// A part of the link besides the hook and the patch's objects.
struct ExtraPart {
  std::string name; ///< of its file
  elf::Object object;
};

/// What the hook of such modules is made of, relative to kmod/; the first file is what is
/// compiled.
std::span<const std::string_view> hook_files(kernel::PatchedBy who);

/// What differs between modules by who takes them: the kernel's livepatch code, or
/// kpatch.ko.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual kernel::PatchedBy who() const = 0;
  virtual std::vector<ExtraPart> parts(const elf::Object& /*sample*/) const { return {}; }
  /// What a module may use besides the kernel's exports.
  virtual std::set<std::string> more_exports() const { return {}; }
  /// Modules that it cannot be loaded without, and that come beside it; made if they are
  /// not kept.
  virtual std::vector<std::filesystem::path> companions(const ModuleRequest&) const {
    return {};
  }
  /// Further arguments of the make that links it. With any, each module is linked by
  /// kbuild.
  virtual std::vector<std::string> link_arguments(const ModuleRequest&) const {
    return {};
  }
  /// The last step: gives what only the running kernel can fill in its final form. Throws
  /// Error for what this backend cannot do.
  virtual void finish(elf::Object& module) const = 0;
};

std::shared_ptr<const Backend> livepatch_backend();
std::shared_ptr<const Backend> core_backend(CoreIdentity identity);

} // namespace kpatch::klp
