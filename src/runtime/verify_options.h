// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/option_table.h"

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// The call of `kpatch verify`. Left empty: the release is the module's own, the files
/// are looked for.
struct VerifyCall {
  std::filesystem::path module;
  std::string release;
  std::filesystem::path vmlinuz;
  std::filesystem::path modules_root;
  std::vector<std::filesystem::path> more_modules; ///< from outside the kernel
  std::vector<std::filesystem::path> certificates; ///< of those who may have signed it
  bool json = false;
  bool wants_help = false;
};

/// `arguments` are those after the word `verify`. Throws Error for a wrong call.
VerifyCall parse_verify_call(const std::vector<std::string>& arguments);

std::string verify_usage();

std::vector<OptionForm> verify_forms();

} // namespace kpatch::runtime
