// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>

namespace kpatch::report {

/// What each JSON for other programs begins with: the name of its schema, of which
/// docs/schemas has the file, and its version. Members are only ever added; the version
/// grows if one must change its meaning.
inline nlohmann::ordered_json json_head(const char* schema) {
  return {{"schema", schema}, {"version", 1}};
}

} // namespace kpatch::report
