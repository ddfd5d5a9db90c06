// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string_view>

namespace kpatch {

/// The body of every program's main(): runs it and turns an Error (or any other
/// exception) into
/// "<prefix><message><ending>" and the remedy on standard error and the exit status the
/// Error carries.
int run_tool(std::string_view prefix, const std::function<int()>& body,
             std::string_view ending = {});

} // namespace kpatch
