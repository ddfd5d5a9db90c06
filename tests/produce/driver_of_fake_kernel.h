// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/workshop.h"
#include "fake_kernel.h"
#include "produce/driver.h"

#include <gtest/gtest.h>

namespace kpatch::produce {

/// Builds for a kernel of two files. That a module comes out takes a real kernel; here it
/// is everything that can end a build before.
class Driver : public testing::Test {
 protected:
  Driver() {
    compile::BuildLog log;
    const compile::Workshop shop{kernel_.target, {}, log};
    const std::filesystem::path commands = shop.kept("commands") / "fs";
    std::filesystem::create_directories(commands);
    write_file(commands / ".x.o.cmd", kernel_.record("x"));
    write_file(commands / ".y.o.cmd", kernel_.record("y"));
    std::filesystem::create_directories(output());
    kernel_.target.symvers = kernel_.root.path() / "Module.symvers";
    write_file(kernel_.target.symvers, std::string_view());
    before_ = kernel_.files("source");
    objects_before_ = kernel_.files("objects");
  }
  ~Driver() override {
    EXPECT_EQ(kernel_.files("source"), before_);
    EXPECT_EQ(kernel_.files("objects"), objects_before_);
    EXPECT_TRUE(std::filesystem::is_empty(output()));
    for (const auto& entry :
         std::filesystem::directory_iterator(kernel_.root.path() / "user/tmp"))
      EXPECT_EQ(entry.path().filename(), ".lock") << "left behind";
  }

  std::filesystem::path output() const { return kernel_.root.path() / "output"; }

  BuildResult build(const std::string& patch) {
    const std::filesystem::path file = kernel_.root.path() / "x.patch";
    write_file(file, patch);
    return build_with({.patches = {file}});
  }

  BuildResult build_with(BuildOptions options) {
    options.output_directory = output();
    options.cache = kernel_.root.path() / "user";
    options.jobs = 2;
    options.check_compiler = check_compiler_;
    const auto note = [&](std::string_view line) { said_ += std::string(line) + "\n"; };
    return build_patch(
        options, [&] { return kernel_.target; },
        {.progress = note,
         .complaint = note,
         .compiled = [&](const compile::Progress& now) { compiled_.push_back(now); }});
  }

  FakeKernel kernel_;
  std::map<std::string, std::string> before_;
  std::map<std::string, std::string> objects_before_;
  std::string said_;
  std::vector<compile::Progress> compiled_;
  bool check_compiler_ = false;
};

inline std::string patch_of(const std::string& file, const std::string& hunk) {
  return "--- a/" + file + "\n+++ b/" + file + "\n" + hunk;
}

} // namespace kpatch::produce
