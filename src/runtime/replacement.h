// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <string>
#include <vector>

namespace kpatch::runtime {

/// Names of the enabled patches, the oldest first.
std::vector<std::string> enabled_patches(const Places& places);

/// After `patch` was loaded: removes the modules of those `before` that it has replaced,
/// and notes what they were.
void finish_replacement(Host& host, const std::string& patch,
                        const std::vector<std::string>& before);

/// What the patch has replaced, the oldest first, as noted since the last boot.
std::vector<std::string> replaced_by(const Places& places, const std::string& patch);
void note_replaced(Host& host, const std::string& patch,
                   const std::vector<std::string>& replaced);

/// Waits until nobody holds a disabled patch's module and removes it.
void remove_module(Host& host, const std::string& name);

} // namespace kpatch::runtime
