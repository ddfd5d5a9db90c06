// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "rehearse/rehearse.h"

#include <string>

namespace kpatch::report {

/// For reading.
std::string rehearsal_text(const rehearse::Rehearsal& rehearsal);
/// One line of it, for watching.
std::string rehearsal_step_text(const rehearse::GuestStep& step);
/// For programs; docs/kpatch.md describes the members.
std::string rehearsal_json(const rehearse::Rehearsal& rehearsal);

} // namespace kpatch::report
