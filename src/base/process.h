// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace kpatch {

/// A program to run. The argument vector goes to execvp as it is; no shell is ever
/// involved.
struct Command {
  std::vector<std::string> argv;
  std::filesystem::path directory{}; ///< working directory; empty: the caller's
  std::map<std::string, std::string>
      environment{};          ///< added to, or replacing, the inherited one
  std::string input{};        ///< fed to standard input, unless output is shown
  bool show_output = false;   ///< let it write to our terminal as it runs
  double timeout_seconds = 0; ///< 0, or output shown: none; then the group is killed
  /// With output shown: called ten times a second while the program runs, with its
  /// process and the seconds since its start.
  std::function<void(pid_t, double)> watch{};
};

/// How a program ended. `status` is its exit status, or 128 + signal number as a shell
/// reports it.
struct Outcome {
  int status = 0;
  bool timed_out = false;
  std::string output; ///< standard output, empty with show_output
  std::string errors; ///< standard error, empty with show_output
  double cpu_seconds = 0;
  double wall_seconds = 0;

  bool ok() const { return status == 0 && !timed_out; }
};

/// Runs the program to its end. Throws Error only if it cannot be started.
Outcome run(const Command& command);

/// Runs the program and throws Error, quoting the end of what it printed, unless it exits
/// 0. Returns its standard output.
std::string run_checked(const Command& command);

/// The argument vector as one line for a log, quoted so that a shell would read it back.
std::string quoted(const std::vector<std::string>& argv);

/// Where `name` would be found along PATH; empty if nowhere.
std::filesystem::path find_program(const std::string& name);

} // namespace kpatch
