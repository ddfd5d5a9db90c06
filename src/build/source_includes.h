// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::build {

/// Which files of a source tree include `.c` files.
class SourceIncludes {
 public:
  /// Takes note of `#include "named"` in `file`.
  void add(std::string file, std::string named);

  /// The files that include `path`, directly or by way of others, sorted. By name only:
  /// an include may be switched off.
  std::vector<std::string> files_reaching(const std::string& path) const;

  std::string text() const;

  /// Looks through all of a tree that kernels are made of.
  static SourceIncludes scan(const std::filesystem::path& tree);
  /// Reads what text() gave. Throws Error naming `label`.
  static SourceIncludes parse(std::string_view text, std::string_view label);

 private:
  struct Include {
    std::string file;
    std::string named;
  };
  std::vector<std::string> direct(const std::string& path) const;

  std::multimap<std::string, Include, std::less<>> by_name_; ///< by last path component
};

} // namespace kpatch::build
