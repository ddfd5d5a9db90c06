// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/units.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

/// Which file of a kernel includes which, for all files that its units may read. It may
/// say too much, never too little.
class IncludeIndex {
 public:
  using FileId = std::uint32_t;

  /// Reads the units and everything they lead to. Paths are those below `source`, and for
  /// generated headers those below `objects`.
  static IncludeIndex scan(const std::filesystem::path& source,
                           const std::filesystem::path& objects,
                           const kernel::UnitIndex& units);

  /// The file's number; a new one if it is not there yet.
  FileId add_file(const std::string& path);
  void add_include(FileId file, FileId included);

  std::string text() const;
  /// Reads what text() gave. Throws Error naming `label`.
  static IncludeIndex parse(std::string_view text, std::string_view label);

  std::size_t size() const { return paths_.size(); }
  const std::string& path(FileId file) const { return paths_[file]; }
  std::optional<FileId> find(std::string_view path) const;

  /// The files that include `file`, directly or by way of others, itself not counted.
  std::vector<FileId> reaching(FileId file) const;
  /// What is read with `file`: itself and all that it includes, as marks by file. With
  /// `without`, as if that include were not there.
  struct Include {
    FileId file;
    FileId included;
  };
  std::vector<bool> closure(FileId file,
                            std::optional<Include> without = std::nullopt) const;
  /// What is read with any of them.
  std::vector<bool> closure(std::span<const FileId> files) const;

  /// The files that have an `#include` of `file`.
  const std::vector<FileId>& including(FileId file) const { return included_by_[file]; }

  /// The files that `#include "named"` in `file` may mean.
  std::vector<FileId> resolve(FileId file, std::string_view named, bool quoted) const;

 private:
  std::vector<std::string> paths_;
  std::vector<std::vector<FileId>> includes_;
  std::vector<std::vector<FileId>> included_by_;
  std::map<std::string, FileId, std::less<>> ids_;
};

} // namespace kpatch::patch
