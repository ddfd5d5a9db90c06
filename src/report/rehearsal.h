// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "rehearse/rehearse.h"
#include "runtime/module_file.h"

#include <string>
#include <vector>

namespace kpatch::report {

/// For reading.
std::string rehearsal_text(const rehearse::Rehearsal& rehearsal);
/// One line of it, for watching.
std::string rehearsal_step_text(const rehearse::GuestStep& step);
/// What was done, and how it ended, without how long it took.
std::string rehearsal_action(const rehearse::GuestStep& step);
std::string rehearsal_outcome(const rehearse::GuestStep& step);
/// For programs; docs/kpatch.md describes the members.
std::string rehearsal_json(const rehearse::Rehearsal& rehearsal);
/// For a browser; `patches` are the modules that were rehearsed.
std::string rehearsal_page(const rehearse::Rehearsal& rehearsal,
                           const std::vector<runtime::ModuleFile>& patches);

} // namespace kpatch::report
