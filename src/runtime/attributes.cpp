// SPDX-License-Identifier: GPL-2.0-or-later
//
// An attribute of a live patch or a task vanishes with it, also between opening and
// reading; an error is then the answer that it is gone. What is not a regular file is
// none of the kernel's, and reading a pipe in its place would never end.
#include "runtime/attributes.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace kpatch::runtime {
namespace fs = std::filesystem;

std::optional<std::string> read_attribute(const fs::path& path) {
  std::error_code gone;
  if (!fs::is_regular_file(path, gone))
    return std::nullopt;
  std::ifstream stream(path);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf()))
    return std::nullopt;
  std::string value = text.str();
  while (!value.empty() && (value.back() == '\n' || value.back() == '\0'))
    value.pop_back();
  return value;
}

std::optional<long> read_number(const fs::path& path) {
  const std::optional<std::string> text = read_attribute(path);
  if (!text)
    return std::nullopt;
  char* end = nullptr;
  const long value = std::strtol(text->c_str(), &end, 10);
  if (end == text->c_str())
    return std::nullopt;
  return value;
}

std::vector<std::string> directories_in(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  while (!error && entry != fs::directory_iterator()) {
    std::error_code gone;
    if (entry->is_directory(gone) && !entry->is_symlink(gone))
      names.push_back(entry->path().filename());
    entry.increment(error);
  }
  std::ranges::sort(names);
  return names;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

} // namespace kpatch::runtime
