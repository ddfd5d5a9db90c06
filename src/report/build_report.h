// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "produce/result.h"

#include <string>

namespace kpatch::report {

/// The result as one JSON object; docs/json.md describes it.
std::string build_json(const produce::BuildResult& result);

/// What standard error says about a build that made no module: every problem with its
/// remedy, then "ERROR: ... ." as scripts expect it.
std::string build_failure_text(const produce::BuildResult& result);

} // namespace kpatch::report
