// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/option_table.h"
#include "sign/signing.h"

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::sign {

/// The call of `kpatch sign`.
struct SignCall {
  Signer signer;
  std::vector<std::filesystem::path> modules;
  std::filesystem::path output; ///< empty: in place
  bool wants_help = false;
};

/// `arguments` are those after the word `sign`. Throws Error for a wrong call.
SignCall parse_sign_call(const std::vector<std::string>& arguments);

std::string sign_usage();

std::vector<OptionForm> sign_forms();

/// Signs the modules and gives a line for each.
std::vector<std::string> sign_modules(const SignCall& call);

} // namespace kpatch::sign
