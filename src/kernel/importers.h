// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace kpatch::kernel {

/// Which modules of a kernel use symbols that they do not have themselves: by symbol.
using Importers = std::map<std::string, std::set<std::string>, std::less<>>;

/// As lines "<symbol> <module> <module>...", and back.
std::string importers_text(const Importers& importers);
Importers parse_importers(std::string_view text, std::string_view label);

/// From the kernel's cache; if they are not there, read from all shipped modules, which
/// takes seconds, and kept unless `modules_may_change`. Throws Error for a module file
/// that is damaged.
Importers importers_of(const Target& target, bool modules_may_change, unsigned jobs);

} // namespace kpatch::kernel
