// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/config.h"

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::kernel {

/// Whether the makefiles of this source keep objtool away from single objects and run it
/// on the link.
bool delays_objtool(const std::filesystem::path& source, const Config& config);

/// Whether kbuild runs objtool as a command of its own after the compiler (before 5.17),
/// so that its record of the compiler's command does not have it.
bool runs_objtool_apart(const std::filesystem::path& source);

/// The objtool of a prepared object tree.
std::filesystem::path objtool_program(const std::filesystem::path& objects);

/// How a kernel of this configuration calls objtool on a single object, less what only
/// makes sense for a whole linked module or kernel. Code of a module also takes
/// `--module`.
std::vector<std::string> objtool_arguments(const Config& config);

/// What to do when it says something or leaves out what it had to make.
std::string objtool_remedy(const std::filesystem::path& objtool);

/// Runs it on `object`, which it rewrites. It exits 0 even where it gives up, so anything
/// it says is an Error.
void run_objtool(const std::filesystem::path& objtool,
                 const std::vector<std::string>& arguments,
                 const std::filesystem::path& object);

} // namespace kpatch::kernel
