// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/release_archive.h"
#include "kernel/compiler.h"
#include "kernel/target.h"

#include <filesystem>
#include <string>

namespace kpatch::distro {

/// What a kernel of Debian is compiled with: the installed compiler that its
/// configuration names, or that very one fetched from the archive of its release, as the
/// request says. If it is installed in another version and cannot be fetched, the result
/// says why. It is for the processor `machine`. `release` may be null.
kernel::Compiler debian_compiler(const kernel::Config& config, const std::string& machine,
                                 const kernel::TargetRequest& request,
                                 const std::filesystem::path& cache,
                                 ReleaseArchive* release);

/// Has those programs in a prepared tree that need later libraries than the machine's
/// started with those of their release, which are put in the folder `libraries`.
/// `depends` is what their package says it needs.
void make_tools_run(const std::filesystem::path& tree,
                    const std::filesystem::path& libraries, const std::string& depends,
                    ReleaseArchive* release);

} // namespace kpatch::distro
