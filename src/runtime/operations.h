// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"
#include "runtime/transition.h"

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::runtime {

struct LoadOptions {
  Waiting waiting;
  bool skips_checks = false; ///< leave it to the kernel to refuse the module
  bool at_boot = false;      ///< success is for confirm_boot() to note
};

/// The operations of the `kpatch` program. They throw Error when they cannot do what they
/// are asked. A module is named by a path (it contains `.ko`) or as one of those
/// installed for the running kernel. The status is success, or that a transition had to
/// be forced.
Exit load_patch(Host& host, const std::string& argument, const LoadOptions& options = {});
Exit unload_patch(Host& host, const std::string& argument, const Waiting& waiting = {});
Exit unload_all_patches(Host& host, const Waiting& waiting = {});

/// All installed for the running kernel, in the order of their names; those built for
/// another one are passed over. Goes on after a failure.
Exit load_all_patches(Host& host, const LoadOptions& options = {});
/// The same for the boot service: not if the kernel command line says `kpatch.disable`,
/// and no module that has failed twice, or during whose first two loads the system died.
Exit load_at_boot(Host& host, const LoadOptions& options = {});
/// The system is up: what was loaded on the way is not at fault for anything.
Exit confirm_boot(Host& host);

/// Back to what the newest patch replaced when it was loaded, as installed.
Exit roll_back(Host& host, const LoadOptions& options = {});

void list_patches(Host& host);
void signal_patch(Host& host);

/// Copies the file to where `load --all` and the boot service look, and enables that
/// service. Returns the status of doing so. An empty release means the running kernel.
int install_patch(Host& host, const std::string& file, const std::string& release = {});
void uninstall_patch(Host& host, const std::string& module,
                     const std::string& release = {});

} // namespace kpatch::runtime
