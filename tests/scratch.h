// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"
#include "base/process.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <gmock/gmock.h>
#include <string>
#include <string_view>

namespace kpatch {

/// A directory for one test and short ways to put things into it.
class Scratch {
 public:
  std::filesystem::path operator/(std::string_view name) const {
    return directory_.path() / name;
  }
  const std::filesystem::path& path() const { return directory_.path(); }

  std::filesystem::path file(std::string_view name, std::string_view text) const {
    const std::filesystem::path path = directory_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    write_file(path, text);
    return path;
  }

  /// Compiles a source file of this directory with debug information.
  std::filesystem::path compile(const std::string& source, const std::string& output,
                                std::vector<std::string> options) const {
    std::filesystem::create_directories((directory_.path() / output).parent_path());
    std::vector<std::string> argv = {"gcc", "-g", "-O1", source, "-o", output};
    argv.insert(argv.end(), options.begin(), options.end());
    run_checked({.argv = argv, .directory = directory_.path()});
    return directory_.path() / output;
  }

 private:
  TempDir directory_{"kpatch-kernel-test-"};
};

} // namespace kpatch
