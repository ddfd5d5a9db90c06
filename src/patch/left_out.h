// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace kpatch::patch {

/// Why a file of a patch has no part in the live patch.
enum class WhyLeftOut {
  kNoCode,       ///< no kernel is made of it: documentation, tools, scripts, ...
  kModeOnly,     ///< only its mode changes
  kVersionOnly,  ///< only the number of the kernel's version changes
  kSameOptions,  ///< the options of this kernel stay as they are
  kArchitecture, ///< it is of an architecture that this kernel is not for
  kOption,       ///< an option is off
  kUnread,       ///< no compiled file reads it
};

struct LeftOut {
  std::string path;
  WhyLeftOut why = WhyLeftOut::kNoCode;
  std::string option{}; ///< for kOption: the one that is off

  bool operator==(const LeftOut&) const = default;
};

/// Whether it is code of another kernel than this one.
bool is_code_of_others(const LeftOut& file);

/// "other-architecture" and the like, as in JSON.
std::string name_of(WhyLeftOut why);

/// One NOTICE for each reason.
std::vector<std::string> notices_of(const std::vector<LeftOut>& files);

/// Why the kernel has nothing of what the files would change.
std::string not_affected_because(const std::vector<LeftOut>& files);

} // namespace kpatch::patch
