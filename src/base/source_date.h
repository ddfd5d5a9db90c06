// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <ctime>

namespace kpatch {

/// The time that goes into what is made: $SOURCE_DATE_EPOCH where it is set, so that the
/// same call makes the same bytes (reproducible-builds.org), else now.
std::time_t source_date();

} // namespace kpatch
