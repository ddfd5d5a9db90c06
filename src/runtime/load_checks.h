// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"
#include "runtime/module_file.h"
#include "runtime/outcomes.h"

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// Something to know before a patch is loaded.
struct Finding {
  bool is_fatal = false; ///< the kernel would refuse it, or it must not be tried
  std::string message;
  std::string remedy;
  Exit exit = kRefusedByChecks; ///< if it is fatal
};

/// Everything that speaks against loading the patch on this machine as it is now, found
/// by looking only.
std::vector<Finding> check_before_load(const Places& places,
                                       const std::filesystem::path& file,
                                       const ModuleFile& module);

/// Whether ftrace is switched off (kernel.ftrace_enabled=0), without which no patch can
/// take effect, nor be loaded.
bool is_tracing_off(const Places& places);

/// Why this machine loads signed modules only, as one phrase; empty if it loads others
/// too.
std::string signature_demand(const Places& places);

} // namespace kpatch::runtime
