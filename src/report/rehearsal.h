// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/rehearse.h"

#include <string>

namespace kpatch::report {

/// For reading.
std::string rehearsal_text(const runtime::Rehearsal& rehearsal);
/// One line of it, for watching.
std::string rehearsal_step_text(const runtime::GuestStep& step);
/// For programs; docs/kpatch.md describes the members.
std::string rehearsal_json(const runtime::Rehearsal& rehearsal);

} // namespace kpatch::report
