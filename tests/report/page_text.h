// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <regex>
#include <string>

namespace kpatch::report {

/// The page without the names of columns that each cell carries for small screens.
inline std::string without_labels(const std::string& page) {
  return std::regex_replace(page, std::regex(" data-label=\"[^\"]*\""), "");
}

} // namespace kpatch::report
