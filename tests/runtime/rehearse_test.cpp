// SPDX-License-Identifier: GPL-2.0-or-later
//
// What QEMU is asked for, with a program in its place under which no kernel ever boots.
// Real rehearsals are among the end-to-end tests.
#include "base/files.h"
#include "runtime/pretended_host.h"
#include "runtime/rehearse.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

namespace fs = std::filesystem;

class Rehearse : public testing::Test {
 protected:
  Rehearse() : path_(std::getenv("PATH")) {
    write_file(directory_.path() / "qemu-system-x86_64",
               "#!/bin/sh\necho \"$*\" >\"${0%/*}/arguments\"\n", 0755);
    write_file(directory_.path() / "vmlinuz", std::string_view("kernel"));
    const fs::path modules = directory_.path() / "lib/modules/6.1.0/kernel";
    fs::create_directories(modules);
    write_file(modules / "loop.ko", elf::write_object(module_object("name=loop")));
    setenv("PATH", (directory_.path().string() + ":" + path_).c_str(), 1);
  }
  ~Rehearse() override { setenv("PATH", path_.c_str(), 1); }

  RehearsalRequest request() const {
    return {.release = "6.1.0",
            .vmlinuz = directory_.path() / "vmlinuz",
            .modules_root = directory_.path()};
  }
  std::string arguments() const { return read_text(directory_.path() / "arguments"); }

 private:
  TempDir directory_{"kpatch-rehearse-test-"};
  std::string path_;
};

TEST_F(Rehearse, RunsProcessorsOfAnEmulatedMachineInTurns) {
  EXPECT_EQ(rehearse(request()).verdict, Verdict::kNoBoot);
  EXPECT_THAT(arguments(), testing::HasSubstr(" -smp 2 -accel tcg,thread=single "));
}

TEST_F(Rehearse, TakesHardwareVirtualisationOnlyOnRequest) {
  RehearsalRequest request = this->request();
  request.kvm = true;
  EXPECT_EQ(rehearse(request).verdict, Verdict::kNoBoot);
  EXPECT_THAT(arguments(), testing::HasSubstr(" -smp 2 -accel kvm -cpu host "));
}

} // namespace
} // namespace kpatch::runtime
