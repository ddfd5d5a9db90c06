// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"
#include "runtime/status.h"

#include <functional>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// How what is known is put into words, for people and for programs.
struct Forms {
  std::function<std::string(const SystemStatus&)> list_json;
  std::function<std::string(const SystemStatus&)> status_text;
  std::function<std::string(const SystemStatus&)> status_json;
  std::function<std::string(const PatchInformation&)> info_text;
  std::function<std::string(const PatchInformation&)> info_json;
};

/// Runs one subcommand of `kpatch` that works on this machine and returns the exit
/// status. `arguments` starts with the subcommand.
int run_subcommand(Host& host, const Forms& forms,
                   const std::vector<std::string>& arguments);

/// The text of `kpatch help`.
std::string usage();

} // namespace kpatch::runtime
