// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "elf/signed_file.h"
#include "runtime/load_checks.h"
#include "runtime/operations.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::string_literals;
namespace fs = std::filesystem;

struct Machine : PretendedHost {
  fs::path file = write_module(root.path(), "a");
  ModuleFile module = read_module_file(file);

  /// The messages, those that forbid loading with "!" before them.
  std::vector<std::string> findings() {
    std::vector<std::string> messages;
    for (const Finding& finding : check_before_load(places, file, module)) {
      EXPECT_FALSE(finding.remedy.empty()) << finding.message;
      messages.push_back((finding.is_fatal ? "!" : "") + finding.message);
    }
    return messages;
  }
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    write_file(path, text);
  }
  void set_info(const std::string& key, const std::string& value) {
    std::erase_if(module.info, [&](const auto& entry) { return entry.first == key; });
    module.info.emplace_back(key, value);
  }
};

TEST(LoadChecks, FindNothingAgainstAGoodPatch) {
  Machine machine;
  EXPECT_THAT(machine.findings(), IsEmpty());
}

TEST(LoadChecks, NameTheReleaseItWasBuiltFor) {
  Machine machine;
  machine.set_info("vermagic", "5.10.0-1 SMP");
  EXPECT_THAT(machine.findings(),
              ElementsAre("!built for kernel 5.10.0-1, but 6.1.0-test is running"));
}

TEST(LoadChecks, CompareTheWholeVersionMagicWithTheKernelsModules) {
  Machine machine;
  write_module(machine.places.trees / "6.1.0-test/kernel/fs", "some");
  EXPECT_THAT(machine.findings(), IsEmpty());
  machine.set_info("vermagic", "6.1.0-test SMP preempt");
  EXPECT_THAT(machine.findings(),
              ElementsAre("!version magic '6.1.0-test SMP preempt' is "
                          "not the kernel's '6.1.0-test SMP'"));
}

TEST(LoadChecks, DoNotHoldADamagedModuleOfTheKernelAgainstThePatch) {
  Machine machine;
  machine.write(machine.places.trees / "6.1.0-test/kernel/damaged.ko", "x");
  EXPECT_THAT(machine.findings(), IsEmpty());
}

TEST(LoadChecks, NameMissingModules) {
  Machine machine;
  fs::create_directories(machine.places.modules() / "there_is");
  machine.write(machine.places.trees / "6.1.0-test/modules.builtin",
                "kernel/lib/built-in-one.ko\n");
  machine.set_info("depends", "there-is,absent,built_in_one");
  EXPECT_THAT(machine.findings(), ElementsAre("!it needs modules that are not loaded: "
                                              "absent"));
}

TEST(LoadChecks, SayWhySignaturesAreNeeded) {
  Machine machine;
  const fs::path sysfs = machine.places.sysfs;
  machine.write(sysfs / "module/module/parameters/sig_enforce", "Y\n");
  EXPECT_THAT(machine.findings(), ElementsAre(HasSubstr("module.sig_enforce is set")));
  machine.write(sysfs / "kernel/security/lockdown", "none [integrity] confidentiality\n");
  machine.write(sysfs / "firmware/efi/efivars/"
                        "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                "\6\0\0\0\1"s);
  EXPECT_THAT(machine.findings(), ElementsAre("!it is not signed, and this kernel loads "
                                              "signed modules only (lockdown is in mode "
                                              "integrity, Secure Boot is on)"));
  machine.write(sysfs / "kernel/security/lockdown", "[none] integrity confidentiality\n");
  machine.write(sysfs / "module/module/parameters/sig_enforce", "N\n");
  EXPECT_THAT(machine.findings(), IsEmpty());
}

TEST(LoadChecks, SayThatTheSignerIsUnknownOrTheSignatureDamaged) {
  Machine machine;
  machine.write(machine.places.modules() / "module/parameters/sig_enforce", "Y\n");
  const std::string name = "\x06\x03\x55\x04\x03\x0c\x04Ours"s;
  const std::string message =
      "\x30\x16\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"s + name;
  const Bytes module = read_bytes(machine.file);
  write_file(machine.file,
             elf::with_signature(module, Bytes(message.begin(), message.end())));
  EXPECT_THAT(machine.findings(), IsEmpty()); // it shows no keys
  const std::string key = "1d2c I------ 1 perm 1f03 0 0 asymmetri ";
  machine.write(machine.places.proc / "keys", key + "Debian CA: 4a3f: X509.rsa []\n");
  EXPECT_THAT(machine.findings(), ElementsAre(testing::StartsWith(
                                      "it is signed by Ours, and the kernel shows "
                                      "no key of that name")));
  machine.write(machine.places.proc / "keys", key + "x\n" + key + "Ours: 12: X509 []\n");
  EXPECT_THAT(machine.findings(), IsEmpty());
  write_file(machine.file, elf::with_signature(module, Bytes(5)));
  EXPECT_THAT(machine.findings(), ElementsAre(testing::StartsWith("!its signature")));
}

TEST(LoadChecks, DoNotLetAnotherModuleOfTheNameBeRemoved) {
  Machine machine;
  machine.write(machine.places.modules() / "a/taint", "\n");
  EXPECT_THAT(machine.findings(),
              ElementsAre("!a module named a is loaded, and it is not a live patch"));
  EXPECT_THROW(load_patch(machine.host, machine.file.string()), Error);
  EXPECT_THAT(machine.kernel.calls, IsEmpty());
}

TEST(LoadChecks, NameRemainsOfAForcedPatch) {
  Machine machine;
  machine.write(machine.places.modules() / "a/taint", "OEK\n");
  machine.write(machine.places.modules() / "a/refcnt", "1\n");
  machine.write(machine.places.modules() / "other/taint", "K\n");
  EXPECT_THAT(machine.findings(),
              ElementsAre("!a is still loaded, disabled and held by the kernel",
                          "other is disabled, but its module is still loaded"));
}

TEST(LoadChecks, NoticeWhatItWouldStackOn) {
  Machine machine;
  machine.kernel.add_patch("other", false);
  fs::create_directories(machine.places.livepatch() / "other/vmlinux/f,1");
  fs::create_directories(machine.places.livepatch() / "other/vmlinux/g,1");
  machine.module.functions = {{"vmlinux", "g", 1}};
  machine.set_info("replace", "false");
  EXPECT_THAT(machine.findings(),
              ElementsAre("it does not replace other, which patches g (vmlinux) too: the "
                          "newer function hides the older one"));
  machine.set_info("replace", "true");
  EXPECT_THAT(machine.findings(), IsEmpty());
}

TEST(LoadChecks, NoticeTheSamePatchUnderAnotherName) {
  Machine machine;
  machine.kernel.add_patch("other", false);
  fs::create_directories(machine.places.livepatch() / "other/vmlinux/f,1");
  machine.module.functions = {{"vmlinux", "f", 1}};
  EXPECT_THAT(machine.findings(), ElementsAre(HasSubstr("exactly the same functions")));
}

TEST(LoadChecks, ReportAllReasonsTogetherAndCanBeSkipped) {
  Machine machine;
  write_file(machine.file, elf::write_object(module_object(
                               "livepatch=Y\0vermagic=5.0 SMP\0depends=b\0name=a"s)));
  try {
    load_patch(machine.host, machine.file.string());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("built for kernel 5.0"));
    EXPECT_THAT(error.what(), HasSubstr("not loaded: b"));
    EXPECT_THAT(error.remedy(), HasSubstr("modprobe -a b"));
  }
  EXPECT_THAT(machine.kernel.calls, IsEmpty());
  load_patch(machine.host, machine.file.string(), {.skips_checks = true});
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load a.ko"));
}

} // namespace
} // namespace kpatch::runtime
