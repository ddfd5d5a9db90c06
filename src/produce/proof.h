// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "kernel/target.h"
#include "match/match.h"
#include "produce/result.h"

namespace kpatch::produce {

/// Adds a problem to `result` for each function it changes whose original is not the code
/// that runs. With `force` these are noted instead.
void judge_proof(const match::UnitMatch& match, const kernel::Target& target, bool force,
                 UnitResult& result);

/// Adds a problem for a unit of a processor whose code cannot be compared with what runs.
/// With `force` it is noted instead.
void judge_unproven(const elf::Object& original, bool force, UnitResult& result);

/// Throws the error again, which may come of code that is not what runs; if there is such
/// in the unit, with the likely cause.
[[noreturn]] void fail_for_other_code(const match::UnitMatch& match,
                                      const kernel::Target& target, const Error& error);

} // namespace kpatch::produce
