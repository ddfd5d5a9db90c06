// SPDX-License-Identifier: GPL-2.0-or-later
//
// What QEMU is asked for, with a program in its place under which no kernel ever boots.
// Real rehearsals are among the end-to-end tests.
#include "base/endian.h"
#include "base/error.h"
#include "base/files.h"
#include "rehearse/rehearse.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <elf.h>
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
  fs::path add_patch(const std::string& name, const std::string& more,
                     std::uint16_t machine = EM_X86_64,
                     std::endian order = std::endian::little) const {
    const fs::path file = directory_.path() / (name + ".ko");
    elf::Object module = runtime::module_object("livepatch=Y\0vermagic=6.1.0 SMP\0"s +
                                                more + "name=" + name);
    module.header.machine = machine;
    module.header.order = order;
    write_file(file, elf::write_object(module));
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

/// A static program of a processor: nothing but the head of an ELF file.
Bytes program_of(std::uint16_t machine, std::endian order, std::uint32_t segment) {
  Bytes bytes(sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr));
  const std::string_view magic = ELFMAG;
  std::copy(magic.begin(), magic.end(), bytes.begin());
  bytes[EI_CLASS] = ELFCLASS64;
  bytes[EI_DATA] = order == std::endian::big ? ELFDATA2MSB : ELFDATA2LSB;
  store(std::span(bytes), offsetof(Elf64_Ehdr, e_machine), machine, order);
  store<std::uint64_t>(bytes, offsetof(Elf64_Ehdr, e_phoff), sizeof(Elf64_Ehdr), order);
  store<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_phnum), 1, order);
  store(std::span(bytes), sizeof(Elf64_Ehdr), segment, order);
  return bytes;
}

/// What differs between the processors that machines are known for.
struct Guest {
  std::string name;
  std::uint16_t machine = 0;
  std::endian order = std::endian::little;
  std::string program;
  std::string options;
};

class RehearseElsewhere : public Rehearse, public testing::WithParamInterface<Guest> {
 protected:
  RehearseElsewhere() {
    fs::rename(directory() / "qemu-system-x86_64", directory() / GetParam().program);
    request_ = request();
    request_.kvm.reset();
    request_.patches = {add_patch("other", "", GetParam().machine, GetParam().order)};
    fs::create_directory(programs());
    for (const char* name : {"busybox", "kpatch"})
      add_program(name, GetParam().machine);
  }
  fs::path programs() const { return directory() / "guest"; }
  void add_program(const std::string& name, std::uint16_t machine,
                   std::uint32_t segment = PT_LOAD) const {
    write_file(programs() / name, program_of(machine, GetParam().order, segment));
  }
  std::string refusal() const {
    return runtime::message_of([&] { rehearse(request_); });
  }

  RehearsalRequest request_;
};

TEST_P(RehearseElsewhere, BootsTheMachineOfThePatch) {
  request_.guest_programs = programs();
  EXPECT_EQ(rehearse(request_).verdict, Verdict::kNoBoot);
  EXPECT_THAT(arguments(), testing::HasSubstr(" -accel tcg,thread=single "));
  EXPECT_THAT(arguments(), testing::ContainsRegex(GetParam().options));
}

TEST_P(RehearseElsewhere, NeedsProgramsOfThatProcessor) {
  const std::string& name = GetParam().name;
  EXPECT_THAT(refusal(),
              testing::HasSubstr("the guest needs a busybox and a kpatch for " + name));
  request_.guest_programs = programs();
  fs::remove(programs() / "kpatch");
  EXPECT_THAT(refusal(), testing::HasSubstr("guest/kpatch: no such file"));
  add_program("kpatch", EM_X86_64);
  EXPECT_THAT(refusal(), testing::HasSubstr(
                             "guest/kpatch: built for x86_64, but the guest is " + name));
  add_program("kpatch", GetParam().machine, PT_INTERP);
  EXPECT_THAT(refusal(), testing::HasSubstr("guest/kpatch: it needs shared libraries"));
  add_program("kpatch", GetParam().machine);
  add_program("mine", EM_X86_64);
  request_.programs = {programs() / "mine"};
  EXPECT_THAT(refusal(), testing::HasSubstr("guest/mine: built for x86_64"));
}

TEST_P(RehearseElsewhere, SaysHowToGetTheProgramsAndQemu) {
  try {
    rehearse(request_);
    FAIL() << "without programs";
  } catch (const Error& error) {
    EXPECT_THAT(error.remedy(),
                testing::ContainsRegex("busybox-static:(arm64|s390x|ppc64el)"));
    EXPECT_THAT(error.remedy(), testing::HasSubstr("./run guest " + GetParam().name));
  }
  setenv("PATH", "/nonexistent", 1);
  EXPECT_THAT(refusal(), testing::HasSubstr(GetParam().program + ": not found"));
}

TEST_P(RehearseElsewhere, DoesNotMixProcessorsAndHardware) {
  request_.guest_programs = programs();
  request_.kvm = true;
  EXPECT_THAT(refusal(), testing::HasSubstr("runs no machine of " + GetParam().name));
  request_.kvm.reset();
  request_.patches.push_back(add_patch("own", ""));
  EXPECT_THAT(refusal(), testing::HasSubstr("own.ko: built for x86_64, but "));
}

INSTANTIATE_TEST_SUITE_P(
    Processors, RehearseElsewhere,
    testing::Values(
        Guest{"aarch64", EM_AARCH64, std::endian::little, "qemu-system-aarch64",
              "-machine virt -cpu max.* -serial chardev:console -device "
              "pci-serial,chardev=report .*console=ttyAMA0 "},
        Guest{
            "s390x", EM_S390, std::endian::big, "qemu-system-s390x",
            "-machine s390-ccw-virtio .* -serial chardev:report -serial chardev:console "
            ".*console=ttyS0 .* conmode=sclp"},
        Guest{"ppc64le", EM_PPC64, std::endian::little, "qemu-system-ppc64",
              "-machine pseries .* -serial chardev:console -serial chardev:report "
              ".*console=hvc0 "}),
    [](const auto& processor) { return processor.param.name; });

TEST_F(Rehearse, KnowsNoMachineForEachProcessor) {
  RehearsalRequest request = this->request();
  request.patches = {add_patch("other", "", 258)}; // EM_LOONGARCH
  EXPECT_THAT(runtime::message_of([&] { rehearse(request); }),
              testing::HasSubstr("it is not known how to boot a kernel for loongarch64"));
}

TEST_F(Rehearse, TakesProgramsOfThisProcessorFromElsewhere) {
  RehearsalRequest request = this->request();
  request.guest_programs = directory();
  EXPECT_THAT(runtime::message_of([&] { rehearse(request); }),
              testing::HasSubstr("busybox: no such file"));
  for (const char* name : {"busybox", "kpatch"})
    write_file(directory() / name, std::string_view("#!/bin/sh\n"));
  EXPECT_EQ(rehearse(request).verdict, Verdict::kNoBoot);
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
