// SPDX-License-Identifier: GPL-2.0-or-later
//
// How often the machine is started, with a program in QEMU's place under which no kernel
// ever boots. Real rehearsals are among the end-to-end tests.
#include "base/files.h"
#include "runtime/pretended_host.h"
#include "runtime/rehearse.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kpatch::runtime {
namespace {

namespace fs = std::filesystem;

class Rehearse : public testing::Test {
 protected:
  Rehearse() : path_(std::getenv("PATH")) {
    write_file(directory_.path() / "qemu-system-x86_64",
               "#!/bin/sh\necho >>\"${0%/*}/starts\"\n", 0755);
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
  std::size_t lines_of_starts() const {
    return read_text(directory_.path() / "starts").size();
  }

 private:
  TempDir directory_{"kpatch-rehearse-test-"};
  std::string path_;
};

TEST_F(Rehearse, StartsAnEmulatedMachineTwiceIfItsKernelDoesNotBoot) {
  const Rehearsal rehearsal = rehearse(request());
  EXPECT_EQ(rehearsal.verdict, Verdict::kNoBoot);
  EXPECT_EQ(rehearsal.starts, 2U);
  EXPECT_EQ(lines_of_starts(), 2U);
}

TEST_F(Rehearse, StartsAVirtualMachineOnce) {
  RehearsalRequest request = this->request();
  request.kvm = true;
  EXPECT_EQ(rehearse(request).starts, 1U);
  EXPECT_EQ(lines_of_starts(), 1U);
}

} // namespace
} // namespace kpatch::runtime
