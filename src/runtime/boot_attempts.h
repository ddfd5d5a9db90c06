// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <string>

namespace kpatch::runtime {

/// Lets a module that failed at boot take part in the next boot again.
void forget_attempts(const Places& places, const std::string& release,
                     const std::string& module);

} // namespace kpatch::runtime
