// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ids of vulnerabilities: CVE-, four digits of a year, -, and four to nineteen digits
// (the CVE record format, version 5, cveMetadata.cveId).
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace kpatch {

/// The id in capitals. Throws Error unless the text is one.
std::string checked_cve(std::string_view text);

/// The same for a question: the zeros that numbers below 1000 begin with may be left out.
/// Throws Error with this exit status.
std::string asked_cve(std::string_view text, Exit exit);

/// The ids in a text, sorted, each once. Small letters do not make one, as elsewhere
/// in texts of kernel patches.
std::vector<std::string> cves_in(std::string_view text);

} // namespace kpatch
