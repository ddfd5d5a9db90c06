// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/process.h"
#include "produce/command_line.h"
#include "produce/isolation_limits.h"

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::produce {

/// Whether the build is to run in namespaces of its own. Says in `notices` why not where
/// that would be expected; throws Error if it was asked for and cannot be.
bool is_to_be_isolated(Invocation& invocation);

/// What a build in namespaces of its own may see, and where it writes.
struct Enclosure {
  std::vector<std::filesystem::path> readable;
  std::filesystem::path cache;
  std::filesystem::path kernel; ///< the part of the cache that builds add to; or empty
  std::filesystem::path own;    ///< the only folder on disk that it may write to
  std::filesystem::path output; ///< is there, and empty: what goes there is taken over
  IsolationLimits limits;
};

/// The folders and files that the build needs besides the system's programs.
Enclosure enclosure_of(const Invocation& invocation, const kernel::Target& target,
                       const std::filesystem::path& own);

/// The command that runs `argv` there.
std::vector<std::string> isolated_command(const Enclosure& enclosure,
                                          std::vector<std::string> argv);

/// Copies to the own folder what this build may add to of what earlier ones found out.
void copy_findings(const Enclosure& enclosure);

/// Runs it there to its end, and shows what it prints. Throws Error if all its processes
/// together exceeded the limits.
Outcome run_isolated(const Enclosure& enclosure, std::vector<std::string> argv);

/// Builds in namespaces of its own and takes over what it made. Returns the exit status.
int build_isolated(const Invocation& invocation, const kernel::Target& target,
                   std::vector<std::string> argv);

} // namespace kpatch::produce
