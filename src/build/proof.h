// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "build/result.h"
#include "kernel/target.h"
#include "match/match.h"

namespace kpatch::build {

/// Adds a problem to `result` for each function it changes whose original is not the code
/// that runs. With `force` these are noted instead.
void judge_proof(const match::UnitMatch& match, const kernel::Target& target, bool force,
                 UnitResult& result);

} // namespace kpatch::build
