// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <functional>

namespace kpatch {

/// Runs `count` jobs, `jobs` at a time; `job` is called with 0, 1, ... from several
/// threads. After the first exception no new job begins; it is thrown once all running
/// ones have ended.
void for_each_in_parallel(std::size_t count, unsigned jobs,
                          const std::function<void(std::size_t)>& job);

} // namespace kpatch
