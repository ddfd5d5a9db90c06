// SPDX-License-Identifier: GPL-2.0-or-later
//
// What QEMU is asked for, with a program in its place under which no kernel ever boots.
// Real rehearsals are among the end-to-end tests.
#include "base/files.h"
#include "rehearse/rehearse.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <gmock/gmock.h>
#include <unistd.h>

namespace kpatch::rehearse {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

class Rehearse : public testing::Test {
 protected:
  Rehearse() : path_(std::getenv("PATH")) {
    write_file(directory_.path() / "qemu-system-x86_64",
               "#!/bin/sh\necho \"$*\" >\"${0%/*}/arguments\"\n", 0755);
    write_file(directory_.path() / "vmlinuz", std::string_view("kernel"));
    const fs::path modules = directory_.path() / "lib/modules/6.1.0/kernel";
    fs::create_directories(modules);
    write_file(modules / "loop.ko",
               elf::write_object(runtime::module_object("name=loop")));
    setenv("PATH", (directory_.path().string() + ":" + path_).c_str(), 1);
  }
  ~Rehearse() override { setenv("PATH", path_.c_str(), 1); }

  RehearsalRequest request() const {
    return {.release = "6.1.0",
            .vmlinuz = directory_.path() / "vmlinuz",
            .modules_root = directory_.path(),
            .kvm = false};
  }
  fs::path add_patch(const std::string& name, const std::string& more) const {
    const fs::path file = directory_.path() / (name + ".ko");
    write_file(file, elf::write_object(runtime::module_object(
                         "livepatch=Y\0vermagic=6.1.0 SMP\0"s + more + "name=" + name)));
    return file;
  }
  void set_machine(const std::string& script) const {
    write_file(directory_.path() / "qemu-system-x86_64", "#!/bin/sh\n" + script, 0755);
  }
  std::string arguments() const { return read_text(directory_.path() / "arguments"); }
  fs::path directory() const { return directory_.path(); }

 private:
  TempDir directory_{"kpatch-rehearse-test-"};
  std::string path_;
};

TEST_F(Rehearse, RunsProcessorsOfAnEmulatedMachineInTurns) {
  EXPECT_EQ(rehearse(request()).verdict, Verdict::kNoBoot);
  EXPECT_THAT(arguments(), testing::HasSubstr(" -smp 2 -accel tcg,thread=single "));
}

TEST_F(Rehearse, LetsAnEmulatedProcessorBeSlow) {
  RehearsalRequest request = this->request();
  const auto patience = testing::HasSubstr(" watchdog_thresh=60 ");
  EXPECT_EQ(rehearse(request).verdict, Verdict::kNoBoot);
  EXPECT_THAT(arguments(), patience);
  request.kvm = true;
  EXPECT_EQ(rehearse(request).verdict, Verdict::kNoBoot);
  EXPECT_THAT(arguments(), testing::Not(patience));
}

TEST_F(Rehearse, TakesHardwareVirtualisationOnRequest) {
  RehearsalRequest request = this->request();
  request.kvm = true;
  EXPECT_EQ(rehearse(request).verdict, Verdict::kNoBoot);
  EXPECT_THAT(arguments(), testing::HasSubstr(" -smp 2 -accel kvm -cpu host "));
}

TEST_F(Rehearse, FallsBackToEmulationOnlyIfKvmWasNotAskedFor) {
  RehearsalRequest request = this->request();
  request.kvm = true;
  set_machine("echo \"$*\" >\"${0%/*}/arguments\"; exit 1\n");
  EXPECT_THROW(rehearse(request), Error);
  EXPECT_THAT(arguments(), testing::HasSubstr("-accel kvm"));
  request.kvm.reset();
  EXPECT_THROW(rehearse(request), Error);
  EXPECT_THAT(arguments(), testing::HasSubstr("-accel tcg"));
}

/// Where it can be opened; else emulation comes first anyway.
TEST_F(Rehearse, FallsBackToEmulationIfNothingComesOfKvm) {
  RehearsalRequest request = this->request();
  request.kvm.reset();
  request.kvm_boot_seconds = 0.1;
  const std::string note = "echo \"$*\" >>\"${0%/*}/arguments\"\n";
  const std::string hang = "case $* in *kvm*) ;; *) exit ;; esac\n"
                           "while [ \"$1\" != -pidfile ]; do shift; done\n"
                           "echo $$ >\"$2\"\n"
                           "exec sleep 100\n";
  for (const std::string& machine : {note, note + hang}) {
    set_machine(machine);
    EXPECT_EQ(rehearse(request).verdict, Verdict::kNoBoot);
    EXPECT_THAT(arguments(), testing::HasSubstr("-accel tcg"));
  }
}

TEST_F(Rehearse, RemembersUntilTheNextBootThatKvmDoesNotWork) {
  if (access("/dev/kvm", R_OK | W_OK) != 0)
    GTEST_SKIP() << "/dev/kvm cannot be opened here";
  RehearsalRequest request = this->request();
  request.kvm.reset();
  request.kvm_note = directory() / "kvm-fails";
  set_machine("echo \"$*\" >>\"${0%/*}/arguments\"\n");
  rehearse(request);
  EXPECT_THAT(arguments(), testing::HasSubstr("-accel kvm"));
  std::filesystem::remove(directory() / "arguments");
  rehearse(request);
  EXPECT_THAT(arguments(), testing::Not(testing::HasSubstr("-accel kvm")));
  write_file(request.kvm_note, "another boot");
  rehearse(request);
  EXPECT_THAT(arguments(), testing::HasSubstr("-accel kvm"));
}

TEST_F(Rehearse, RefusesWhatIsForAnotherProcessor) {
  RehearsalRequest request = this->request();
  request.patches = {add_patch("other", "")};
  Bytes bytes = read_bytes(request.patches[0]);
  bytes[18] = EM_AARCH64; // e_machine
  write_file(request.patches[0], bytes);
  EXPECT_THAT(runtime::message_of([&] { rehearse(request); }),
              testing::HasSubstr("built for aarch64; a rehearsal runs programs of this "
                                 "host"));
}

TEST_F(Rehearse, BootsTheMachineOfTheProcessor) {
  rehearse(request());
  EXPECT_THAT(arguments(), testing::HasSubstr(" -append console=ttyS0 "));
  EXPECT_THAT(arguments(), testing::HasSubstr(" no_timer_check"));
}

TEST_F(Rehearse, KnowsWhichPatchesCannotBeLoadedTogether) {
  RehearsalRequest request = this->request();
  request.patches = {add_patch("v1", "replace=true\0"s),
                     add_patch("v2", "replace=true\0"s)};
  EXPECT_THAT(runtime::message_of([&] { rehearse(request); }),
              testing::HasSubstr("v2 replaces what is loaded before it"));
  request.upgrade = true;
  EXPECT_EQ(rehearse(request).verdict, Verdict::kNoBoot);
  request.patches.push_back(add_patch("v3", "replace=false\0"s));
  EXPECT_THAT(runtime::message_of([&] { rehearse(request); }),
              testing::HasSubstr("v3 does not replace what is loaded"));
}

} // namespace
} // namespace kpatch::rehearse
