// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/option_table.h"
#include "runtime/guarded_load.h"
#include "runtime/operation_lock.h"
#include "runtime/operations.h"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::runtime {

using Arguments = std::vector<std::string>;

/// A call taken apart.
struct Call {
  Arguments words;                  ///< the subcommand and all that followed
  Arguments arguments;              ///< without options
  std::set<std::string_view> given; ///< long names of options
  std::string release;
  LoadOptions load;
  Guard guard;
  std::chrono::seconds patience = kLockPatience; ///< with other operations

  bool has(std::string_view option) const { return given.contains(option); }
};

/// Nothing if the options are wrong. Which subcommand takes which is for the caller to
/// see.
std::optional<Call> parse_call(const Arguments& arguments);

/// The options of all subcommands, in the order of --help.
std::vector<OptionForm> call_forms();

} // namespace kpatch::runtime
