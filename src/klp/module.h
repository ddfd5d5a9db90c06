// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/patch_note.h"
#include "klp/backend.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::klp {

/// What a patch module is made of and where the tools and files for it are. The trees are
/// only read; everything is written below `work_dir`, to `hook_cache` and to `output`.
struct ModuleRequest {
  /// Intermediate objects, linked in this order. None is an error.
  std::vector<std::filesystem::path> objects;
  std::string name; ///< as the file is called, without `.ko`; see `checked_module_name`
  std::shared_ptr<const Backend> backend = livepatch_backend(); ///< who takes it
  bool replace = true;    ///< the patch takes over from all earlier ones
  elf::ModuleInfo info{}; ///< what the module says about itself besides that

  std::filesystem::path source_tree; ///< pristine source: `make -C`
  std::filesystem::path
      object_tree; ///< prepared build directory with Module.symvers: `O=`
  std::filesystem::path hook_sources; ///< this project's kmod/
  /// Further `NAME=value` arguments of make: CC=gcc-12, ARCH=arm64, CROSS_COMPILE=...
  std::vector<std::string> make_variables;
  /// All exports that the patch may use; empty: the `object_tree`'s Module.symvers.
  std::filesystem::path symvers;
  /// The kernel's own objtool. Empty: the one of `object_tree`.
  std::filesystem::path objtool;

  std::filesystem::path work_dir;   ///< private to this run; a subdirectory is made in it
  std::filesystem::path hook_cache; ///< compiled hooks of this kernel; empty: none kept
  std::filesystem::path output;     ///< the module; replaced by one rename
  /// The module once more, linked with the debug information of the objects, for
  /// debuggers; empty: not wanted.
  std::filesystem::path debug_output;
  unsigned jobs = 1;
};

/// Links the objects with the hook into a livepatch module at `request.output` and
/// returns that path. Throws Error if a step fails or if the module would need a symbol
/// that the kernel does not export.
std::filesystem::path build_module(const ModuleRequest& request);

/// A module name that kbuild and the livepatch core take: characters outside
/// [A-Za-z0-9_-] become `-`; more than 55 characters are an Error.
std::string checked_module_name(std::string_view wanted);

} // namespace kpatch::klp
