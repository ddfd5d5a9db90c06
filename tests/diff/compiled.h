// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects that the compiler makes in the test, in the way that kernels are compiled.
#pragma once

#include "base/files.h"
#include "base/process.h"
#include "elf/object.h"

#include <gtest/gtest.h>

#include <string>
#include <unistd.h>
#include <vector>

namespace kpatch::diff::testing {

class Compiled : public ::testing::Test {
 protected:
  void SetUp() override {
#ifndef __x86_64__
    GTEST_SKIP() << "the compiler here makes code for another processor";
#endif
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override {
    std::filesystem::remove_all(directory_);
  }

  elf::Object compile(const std::string& source, std::vector<std::string> options = {}) {
    options.insert(options.begin(),
                   {compiler_, "-O2", "-ffunction-sections", "-fdata-sections",
                    "-fno-pic", "-mcmodel=kernel", "-pg", "-mfentry", "-c", "u.c"});
    write_file(directory_ / "u.c", source);
    const Outcome outcome = run({.argv = options, .directory = directory_});
    EXPECT_TRUE(outcome.ok()) << outcome.errors;
    return elf::read_object(directory_ / "u.o");
  }

  /// Whether there is such a program.
  static bool has(const std::string& program) {
    const Outcome outcome = run({.argv = {"sh", "-c", "command -v " + program}});
    return outcome.ok();
  }

  std::string compiler_ = "gcc";
  std::filesystem::path directory_ = std::filesystem::temp_directory_path() /
                                     ("both_compilers_test." + std::to_string(getpid()));
};

} // namespace kpatch::diff::testing
