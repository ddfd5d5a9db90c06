// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"
#include "base/output.h"

#include <filesystem>
#include <string_view>

namespace kpatch {

/// What a user calls standard output where a file may be named.
inline bool is_standard_output(const std::filesystem::path& file) {
  return file == "-";
}

/// Writes a report to where the user wants it.
inline void hand_out(const std::filesystem::path& file, std::string_view text) {
  if (is_standard_output(file))
    write_out(Stream::kOutput, text);
  else
    write_file(file, text);
}

} // namespace kpatch
