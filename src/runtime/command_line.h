// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/completions.h"
#include "base/error.h"
#include "base/journal.h"
#include "runtime/fixes.h"
#include "runtime/host.h"
#include "runtime/status.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// What became of an operation that changes the machine.
struct OperationReport {
  std::string operation;         ///< the subcommand
  std::string module;            ///< as it was given; empty if none was
  Exit status = Exit::kSuccess;  ///< as docs/kpatch.md lists them
  std::vector<std::string> said; ///< progress
  std::vector<std::string> warned;
  std::string error; ///< empty if it went well
  std::string remedy;
  std::vector<PatchState> patches; ///< that are in the kernel now
};

/// How what is known is put into words, for people and for programs.
struct Forms {
  std::function<std::string(const SystemStatus&)> list_json;
  std::function<std::string(const SystemStatus&)> status_text;
  std::function<std::string(const SystemStatus&)> status_json;
  std::function<std::string(const SystemStatus&)> metrics_text;
  std::function<std::string(const PatchInformation&)> info_text;
  std::function<std::string(const PatchInformation&)> info_json;
  std::function<std::string(const OperationReport&)> operation_json{};
  std::function<std::string(const FixAnswer&)> fix_text{};
  std::function<std::string(const FixAnswer&)> fix_json{};
  std::function<void(const JournalFields&)> journal{}; ///< where each change is noted
};

/// Runs one subcommand of `kpatch` that works on this machine and returns the exit
/// status. `arguments` starts with the subcommand.
int run_subcommand(Host& host, const Forms& forms,
                   const std::vector<std::string>& arguments);

/// All commands of kpatch with their options, for the shells, which complete what is
/// typed. `others` are the options of those that other parts of the program run.
CompletedProgram
completed_program(const std::map<std::string_view, std::vector<OptionForm>>& others);

/// The text of `kpatch help`.
std::string usage();

} // namespace kpatch::runtime
