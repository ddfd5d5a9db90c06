// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cache/cache_upkeep.h"

#include <string>
#include <vector>

namespace kpatch::report {

/// One line for each entry, in megabytes, and their sum.
std::string cache_list_text(const std::vector<cache::CacheEntry>& entries);

/// How large the cache was, and is.
std::string cache_sizes_text(std::uintmax_t before, std::uintmax_t after);

} // namespace kpatch::report
