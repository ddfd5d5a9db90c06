// SPDX-License-Identifier: GPL-2.0-or-later
//
// What all JSON of this project is like: members in the order in which they are
// described, two blanks a level, bytes that are not UTF-8 replaced.
#pragma once

#include <nlohmann/json.hpp>

#include <cmath>
#include <string>

namespace kpatch::report {

using Json = nlohmann::ordered_json;

/// What each JSON for other programs begins with: the name of its schema, of which
/// docs/schemas has the file, and its version. Members are only ever added; the version
/// grows if one must change its meaning.
inline Json json_head(const char* schema) {
  return {{"schema", schema}, {"version", 1}};
}

/// Without the end of its last line.
inline std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

/// As it stands in a file.
inline std::string json_file(const Json& json) {
  return json_text(json) + "\n";
}

inline Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

/// To milliseconds.
inline double rounded(double seconds) {
  return std::round(seconds * 1000) / 1000;
}

} // namespace kpatch::report
