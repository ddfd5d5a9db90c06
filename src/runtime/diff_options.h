// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/option_table.h"

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// The call of `kpatch diff`.
struct DiffCall {
  std::filesystem::path older, newer;
  bool json = false;
  bool wants_help = false;
};

/// `arguments` are those after the word `diff`. Throws Error for a wrong call.
DiffCall parse_diff_call(const std::vector<std::string>& arguments);

std::string diff_usage();

std::vector<OptionForm> diff_forms();

} // namespace kpatch::runtime
