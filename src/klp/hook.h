// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"
#include "klp/module.h"

namespace kpatch::klp {

/// The make command for the external module in `directory`; goals and variables follow.
std::vector<std::string> module_make(const ModuleRequest& request,
                                     const std::filesystem::path& directory);

/// The object code of the hook for this kernel: compiled in `scratch`, or taken from the
/// request's cache.
Bytes compiled_hook(const ModuleRequest& request, const std::filesystem::path& scratch);

} // namespace kpatch::klp
