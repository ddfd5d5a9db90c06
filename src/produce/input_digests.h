// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"
#include "produce/driver.h"
#include "produce/result.h"

namespace kpatch::produce {

/// Notes what the module is made of: patches, kernel image, configuration, exports, the
/// sources of the changed units, and the files that this project adds.
void note_inputs(BuildResult& result, const BuildOptions& options,
                 const kernel::Target& target);

} // namespace kpatch::produce
