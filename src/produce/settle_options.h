// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "produce/command_line.h"

namespace kpatch::produce {

/// Draws the conclusions that only all options together allow. Throws Error for options
/// that cannot be used together, or not without each other.
void settle(Invocation& invocation);

} // namespace kpatch::produce
