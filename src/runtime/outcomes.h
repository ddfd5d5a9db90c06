// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"

#include <string_view>

namespace kpatch::runtime {

/// Exit statuses of the operations beyond those of all programs (base/error.h):
/// an interface that scripts rely on.
inline constexpr Exit kRefusedByChecks{7}; ///< something known before speaks against it
inline constexpr Exit kRefusedByKernel{8}; ///< the kernel would not do it
inline constexpr Exit kTimedOut{9};        ///< others had not ended when time was up
inline constexpr Exit kHeldByOther{10};    ///< somebody else redirects a function of it
inline constexpr Exit kTakenBack{11};      ///< it was in force, but something was wrong

/// A word for the status of an operation: "done", "failed", or one that says more.
std::string_view result_word(Exit status);

} // namespace kpatch::runtime
