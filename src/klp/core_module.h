// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "klp/module.h"

#include <filesystem>

namespace kpatch::klp {

inline constexpr const char* kCoreFile = "kpatch.ko";
/// What it exports, as modpost reads it.
inline constexpr const char* kCoreExport = "kpatch_core_enable";

/// kpatch.ko of a kernel.
struct CoreModule {
  std::filesystem::path module;
  std::filesystem::path symvers; ///< what it exports, for who links a module that uses it
};

/// Made of kmod/core/ unless it is kept from an earlier build. Throws Error if it cannot
/// be built for this kernel.
CoreModule built_core(const ModuleRequest& request);

} // namespace kpatch::klp
