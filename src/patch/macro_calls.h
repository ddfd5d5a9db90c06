// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "patch/source_items.h"

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

/// The names of macros without arguments that the items define.
std::vector<std::string_view> plain_macros(std::span<const SourceItem> items);

/// Items of one header with what its own macros make in the place of their calls, with
/// all definitions of such a macro. A call is left as it is where the header does not
/// tell what it stands for: the macro may be another one, or takes any number of
/// arguments. Views are into `texts` too.
std::vector<SourceItem> with_calls_expanded(std::span<const SourceItem> items,
                                            std::deque<std::string>& texts);

} // namespace kpatch::patch
