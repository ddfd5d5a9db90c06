// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"

namespace kpatch::diff {

/// Whether what is included would change nothing in a running kernel.
bool is_without_effect(const Context& context);

} // namespace kpatch::diff
