// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/command_line.h"
#include "runtime/status.h"

#include <string>

namespace kpatch::report {

/// What programs read of a patch's condition: `enabled`, `enabling`, ...
std::string state_word(runtime::Condition condition);

/// For programs; docs/json.md describes the members.
std::string list_json(const runtime::SystemStatus& status);
std::string status_json(const runtime::SystemStatus& status);
std::string operation_json(const runtime::OperationReport& report);
std::string fix_json(const runtime::FixAnswer& answer);
std::string info_json(const runtime::PatchInformation& information);

/// For reading, without a line end.
std::string status_text(const runtime::SystemStatus& status);
/// For Prometheus, as docs/kpatch.md lists it.
std::string metrics_text(const runtime::SystemStatus& status);
std::string fix_text(const runtime::FixAnswer& answer);
std::string info_text(const runtime::PatchInformation& information);

/// All of these.
runtime::Forms patch_forms();

} // namespace kpatch::report
