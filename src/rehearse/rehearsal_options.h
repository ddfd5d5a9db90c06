// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/option_table.h"
#include "rehearse/rehearse.h"

#include <string>
#include <vector>

namespace kpatch::rehearse {

/// The call of `kpatch rehearse`. Where the kernel's files are may be left open: then
/// vmlinuz and modules_root are empty, and release says which are meant.
struct RehearsalCall {
  RehearsalRequest request;
  std::filesystem::path json;   ///< empty: none
  std::filesystem::path report; ///< empty: none
  bool skips_checks = false;    ///< rehearse what the judge finds fault with, too
  bool wants_help = false;
};

/// `arguments` are those after the word `rehearse`. Throws Error for a wrong call.
RehearsalCall parse_rehearsal_call(const std::vector<std::string>& arguments);

std::string rehearsal_usage();

std::vector<OptionForm> rehearsal_forms();

} // namespace kpatch::rehearse
