// SPDX-License-Identifier: GPL-2.0-or-later
//
// The cache outlives programs: an older one has filled it, a newer one may have, and a
// machine may have lost power before a file was all on disk. What is read as text and
// believed line by line would then be wrong without a sign, so its first line says what
// follows:
//
//   kpatch-ng FORMAT DIGEST
#include "cache/record.h"

#include "base/files.h"
#include "base/sha256.h"

#include <fmt/format.h>

namespace kpatch::cache {

namespace {

std::string heading(std::string_view format, std::string_view text) {
  return fmt::format("kpatch-ng {} {}\n", format, sha256(text));
}

} // namespace

std::optional<std::string> read_record(const std::filesystem::path& file,
                                       std::string_view format) {
  std::optional<std::string> whole = read_text_if_exists(file);
  if (!whole)
    return std::nullopt;
  const std::size_t end = whole->find('\n');
  if (end == std::string::npos)
    return std::nullopt;
  const std::string_view text = std::string_view(*whole).substr(end + 1);
  if (whole->substr(0, end + 1) != heading(format, text))
    return std::nullopt;
  return std::string(text);
}

void write_record(const std::filesystem::path& file, std::string_view format,
                  std::string_view text) {
  write_file(file, heading(format, text) + std::string(text));
}

} // namespace kpatch::cache
