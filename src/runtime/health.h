// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "runtime/status.h"

#include <string>
#include <vector>

namespace kpatch::runtime {

/// Numbered as monitoring plugins exit (Nagios and all that follow it).
enum class Health { kOk = 0, kWarning = 1, kCritical = 2, kUnknown = 3 };

/// One word in capitals, as such plugins print it.
std::string_view to_string(Health health);

struct Ailment {
  Health health = Health::kOk;
  std::string what; ///< a sentence without its end
};

/// What is not as it should be: the worst first, then in the order of the patches.
std::vector<Ailment> ailments_of(const SystemStatus& status);
/// The worst of them; kOk if there are none.
Health health_of(const std::vector<Ailment>& findings);

/// One line: the word, what was found or what is in force, and figures behind a bar.
std::string health_line(const SystemStatus& status);

} // namespace kpatch::runtime
