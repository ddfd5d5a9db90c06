// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "runtime/status.h"

#include <string>

namespace kpatch::runtime {

/// Whether the live patches that are loaded fix something. What the kernel itself was
/// built with does not count: nobody here knows that.
enum class Fixed { kYes, kNo, kUnknown };

struct FixAnswer {
  std::string cve;
  Fixed fixed = Fixed::kUnknown;
  std::string patch;  ///< that decides; empty: none does
  std::string reason; ///< one sentence
};

/// Throws Error, with the status for what is unknown, unless `cve` is a CVE id.
FixAnswer find_fix(const SystemStatus& status, const std::string& cve);

/// Exit statuses of `kpatch fixes`; 1 is that of other errors, too, and says nothing good
/// either.
inline constexpr Exit kNotFixed{1};
inline constexpr Exit kUnknownFix{2};
Exit exit_of(Fixed fixed);

/// The release with what is in force on top of it: "6.1.0-56-cloud-amd64+2.1"; a patch
/// without a version stands there with its name.
std::string effective_version(const SystemStatus& status);

} // namespace kpatch::runtime
